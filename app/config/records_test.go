package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

type kept struct {
	Text string `json:"text"`
}

func TestRecordsAreKeptByName(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	r := NewRecords[kept](state, "things")
	is := func(name string, want kept, there bool) {
		t.Helper()
		if got, found, err := NewRecords[kept](state, "things").Load(name); got != want || found != there || err != nil {
			t.Errorf("%s is %+v, %v, %v", name, got, found, err)
		}
	}
	is("work", kept{}, false)
	if err := r.Remove("work"); err != nil {
		t.Errorf("removed before there was a folder: %v", err)
	}
	for _, name := range []string{"work", "play", "a.b-c_d"} {
		for _, text := range []string{"first", "second"} {
			if err := r.Save(name, kept{text}); err != nil {
				t.Fatal(err)
			}
			is(name, kept{text}, true)
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, ".new-123"), nil, 0o600); err != nil { // of a crash
		t.Fatal(err)
	}
	if got := r.Names(); !slices.Equal(got, []string{"a.b-c_d", "play", "work"}) {
		t.Errorf("the names are %q", got)
	}
	if info, err := os.Stat(filepath.Join(r.dir, "work.json")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for range 2 {
		if err := r.Remove("work"); err != nil {
			t.Error(err)
		}
	}
	is("work", kept{}, false)
	is("play", kept{"second"}, true)
}

func TestRecordThatCannotBeReadIsNoAbsence(t *testing.T) {
	for _, row := range []struct {
		name    string
		make    func(file string) error
		damaged bool
	}{
		{"empty", holding(""), true},
		{"cut off", holding(`{"text":"fir`), true},
		{"another kind", holding(`[]`), true},
		{"another type", holding(`{"text":7}`), true},
		{"more after it", holding(`{"text":"a"}{"text":"b"}`), true},
		{"too large", holding(`{"text":"` + strings.Repeat("x", MaxFile) + `"}`), false},
		{"a folder", func(file string) error { return os.Mkdir(file, 0o700) }, false},
		{"a link to nothing", func(file string) error { return os.Symlink(file+".gone", file) }, false},
		{"writable by others", func(file string) error {
			return errors.Join(os.WriteFile(file, []byte(`{"text":"a"}`), 0o600), os.Chmod(file, 0o666))
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && (strings.HasPrefix(row.name, "a link") || strings.HasPrefix(row.name, "writable")) {
				t.Skip("not so on Windows")
			}
			r := NewRecords[kept](t.TempDir(), "things")
			if err := os.Mkdir(r.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(r.dir, "work.json")
			if err := row.make(file); err != nil {
				t.Fatal(err)
			}
			got, found, err := r.Load("work")
			if err == nil || found || got != (kept{}) || !strings.Contains(err.Error(), file) || errors.Is(err, ErrDamaged) != row.damaged {
				t.Errorf("reads as %+v, %v, %v", got, found, err)
			}
			if row.name == "a folder" {
				return
			}
			if err := r.Save("work", kept{"anew"}); err != nil {
				t.Fatal(err)
			}
			if got, _, err := r.Load("work"); got.Text != "anew" || err != nil {
				t.Errorf("saved anew it is %+v, %v", got, err)
			}
		})
	}
}

func holding(text string) func(string) error {
	return func(file string) error { return os.WriteFile(file, []byte(text), 0o600) }
}

func TestRecordIsLeftAsItWasWhereItCannotBeSaved(t *testing.T) {
	r := NewRecords[kept](t.TempDir(), "things")
	if err := r.Save("work", kept{"old"}); err != nil {
		t.Fatal(err)
	}
	if err := r.Save("work", kept{strings.Repeat("x", MaxFile)}); err == nil {
		t.Error("what could not be read again was saved")
	}
	if got, _, err := r.Load("work"); got.Text != "old" || err != nil {
		t.Errorf("it is %+v, %v", got, err)
	}
}

func TestRecordsRefuseANameThatLeadsElsewhere(t *testing.T) {
	state := t.TempDir()
	r := NewRecords[kept](state, "things")
	for _, name := range []string{"", "../work", "a/b", ".work", "Work", "con"} {
		t.Run(name, func(t *testing.T) {
			_, _, err := r.Load(name)
			for what, err := range map[string]error{"loading": err, "saving": r.Save(name, kept{"x"}), "removing": r.Remove(name)} {
				if !errors.Is(err, errName) {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
	if left, _ := os.ReadDir(state); len(left) != 0 {
		t.Errorf("%v was written", left)
	}
}

// FuzzAgreed reads any bytes as what the user agreed to: nothing is agreed to that is
// not in the file, and what was read is written back as it was.
func FuzzAgreed(f *testing.F) {
	for _, seed := range []string{`{"sign_in":"https://a.example:443","resources":["https://b.example:443"]}`, `{}`, `null`, `[]`, `{"resources":null}`, `{"resources":[""]}`,
		`{"sign_in":1}`, `{"Sign_In":"x","sign_in":"y"}`, "{", "", "\xff", `{"resources":["https://*.example:443"]}{}`} {
		f.Add([]byte(seed))
	}
	state := f.TempDir()
	r := NewAgreed(state)
	file := filepath.Join(state, "agreed", "work.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := Write(file, data); err != nil {
			t.Skip()
		}
		a, found, err := r.Load("work")
		if err != nil {
			if found || a.SignIn != "" || a.Resources != nil {
				t.Fatalf("agreed to %+v by a file that cannot be read", a)
			}
			return
		}
		for _, o := range append(a.Resources, a.SignIn) {
			if o != "" && !json.Valid(data) {
				t.Fatalf("%q is in no JSON", o)
			}
		}
		if err := r.Save("work", a); err != nil {
			t.Fatal(err)
		}
		again, found, err := r.Load("work")
		if err != nil || !found || again.SignIn != a.SignIn || !slices.Equal(again.Resources, a.Resources) {
			t.Fatalf("%+v became %+v (%v)", a, again, err)
		}
	})
}
