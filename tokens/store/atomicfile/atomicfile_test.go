package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var errDisk = errors.New("planned fault")

// fault strikes at the k-th step; dead, at each one after it too, as after a crash.
type fault struct {
	k     int
	dead  bool
	count int
}

func (f *fault) do(step func() error) error {
	if f.count++; f.count == f.k || f.dead && f.count > f.k {
		return errDisk
	}
	return step()
}

// tear cuts the files that were being written in half.
func tear(folder string) {
	torn, _ := filepath.Glob(filepath.Join(folder, TempPrefix+"*"))
	for _, name := range torn {
		if info, err := os.Stat(name); err == nil {
			_ = os.Truncate(name, info.Size()/2)
		}
	}
}

// TestEveryFaultLeavesTheOldFileOrTheNew fails at, or dies at, each single step of
// a write, and holds the error to what is there.
func TestEveryFaultLeavesTheOldFileOrTheNew(t *testing.T) {
	for _, dead := range []bool{false, true} {
		for k := 1; k <= 6; k++ {
			folder := t.TempDir()
			path := filepath.Join(folder, "settings.toml")
			if err := Write(path, []byte("old"), Options{}); err != nil {
				t.Fatal(err)
			}
			d := &fault{k: k, dead: dead}
			err := Write(path, []byte("new"), Options{Do: d.do})
			tear(folder)
			got, _ := os.ReadFile(path)
			var e *Error
			switch {
			case err == nil && string(got) == "new" && d.count < k: // all steps were before it
			case !errors.As(err, &e) || !errors.Is(err, errDisk):
				t.Errorf("step %d: %v", k, err)
			case e.Replaced && string(got) != "new", !e.Replaced && string(got) != "old":
				t.Errorf("step %d: %v, and %q is there", k, err, got)
			}
			if left := names(t, folder); !dead && len(left) != 1 {
				t.Errorf("step %d: %q are there", k, left)
			}
			if Sweep(folder); len(names(t, folder)) != 1 {
				t.Errorf("step %d: %q are there after a sweep", k, names(t, folder))
			}
		}
	}
}

func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	for _, row := range []struct {
		name string
		old  fs.FileMode // 0: no file
		o    Options
		want fs.FileMode
	}{
		{"new, private", 0, Options{}, 0o600},
		{"new, public", 0, Options{Mode: 0o644}, 0o644},
		{"new, to be kept", 0, Options{KeepMode: true}, 0o600},
		{"kept", 0o640, Options{KeepMode: true}, 0o640},
		{"kept, whatever it would be", 0o640, Options{KeepMode: true, Mode: 0o644}, 0o640},
		{"made private", 0o644, Options{}, 0o600},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if row.old != 0 {
				if err := os.WriteFile(path, nil, row.old); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, row.old); err != nil {
					t.Fatal(err)
				}
			}
			if err := Write(path, []byte("x"), row.o); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != row.want {
				t.Errorf("%v, %v; want %v", info.Mode(), err, row.want)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links take a privilege there")
	}
	for _, row := range []struct {
		name, link, file string // the link leads to file, below the test's folder
		there, follow    bool
		want             string // what holds the new content
	}{
		{"followed", "link", "real/f", true, true, "real/f"},
		{"followed to what is not there yet", "link", "real/f", false, true, "real/f"},
		{"followed from a folder behind a link", "alias/link", "f", false, true, "f"},
		{"replaced", "link", "real/f", true, false, "link"},
	} {
		t.Run(row.name, func(t *testing.T) {
			top := t.TempDir()
			at := func(name string) string { return filepath.Join(top, filepath.FromSlash(name)) }
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(os.Mkdir(at("real"), 0o700))
			must(os.Symlink(at("real"), at("alias")))
			if row.there {
				must(os.WriteFile(at(row.file), []byte("old"), 0o600))
			}
			relative := filepath.FromSlash(row.file)
			if strings.HasPrefix(row.link, "alias/") {
				relative = filepath.Join("..", relative) // as read from real/
			}
			must(os.Symlink(relative, at(row.link)))
			must(Write(at(row.link), []byte("new"), Options{FollowLink: row.follow}))
			if got, err := os.ReadFile(at(row.want)); string(got) != "new" {
				t.Errorf("%s holds %q, %v", row.want, got, err)
			}
			if info, err := os.Lstat(at(row.link)); err != nil || (info.Mode()&fs.ModeSymlink != 0) != row.follow {
				t.Errorf("the link is now %v, %v", info.Mode(), err)
			}
			if got, _ := os.ReadFile(at(row.file)); !row.follow && string(got) != "old" {
				t.Errorf("the target holds %q", got)
			}
		})
	}
	t.Run("in a circle", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.Symlink(path, path); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, nil, Options{FollowLink: true}); err == nil {
			t.Error("no error")
		}
	})
}

func TestFolders(t *testing.T) {
	errRefused := errors.New("refused")
	path := filepath.Join(t.TempDir(), "a", "b", "f")
	if err := Write(path, nil, Options{}); err == nil {
		t.Error("a folder that is not there was made")
	}
	refuse := func(folder string) error {
		if folder != filepath.Dir(path) {
			t.Errorf("%s is checked", folder)
		}
		return errRefused
	}
	if err := Write(path, nil, Options{MakeFolder: true, Check: refuse}); !errors.Is(err, errRefused) {
		t.Errorf("a refused folder: %v", err)
	}
	if left := names(t, filepath.Dir(path)); len(left) != 0 {
		t.Errorf("%q are in a refused folder", left)
	}
	if err := Write(path, []byte("x"), Options{MakeFolder: true}); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestErrorsNameTheFileAndNotTheTemporaryOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	err := Write(path, nil, Options{})
	if err == nil || !strings.Contains(err.Error(), path+" cannot be written and is as it was") || strings.Contains(err.Error(), TempPrefix) {
		t.Errorf("%v", err)
	}
}

func TestRemovedIsGoneAndAbsentIsNoError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for range 2 {
		if err := Remove(path); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	if err := Probe(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
	if err := Probe(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
