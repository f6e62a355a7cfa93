package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

func TestFileIsLockedUntilThePassphraseIsRight(t *testing.T) {
	ctx, folder := storetest.Context(t), filepath.Join(t.TempDir(), "store")
	if err := openFile(t, folder, "right").Set(ctx, "work", []byte("v")); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"wrong", ""} {
		s := newFile(folder, wrong)
		if err := s.Unlock(ctx); !errors.Is(err, store.ErrLocked) {
			t.Errorf("Unlock with %q: %v, want ErrLocked", wrong, err)
		}
		_, got := s.Get(ctx, "work")
		for what, err := range map[string]error{
			"Get": got, "Set": s.Set(ctx, "work", []byte("x")), "Delete": s.Delete(ctx, "work"), "Check": s.Check(ctx),
		} {
			if !errors.Is(err, store.ErrLocked) {
				t.Errorf("%s: %v, want ErrLocked", what, err)
			}
		}
	}
	s := openFile(t, folder, "right")
	<-s.Changed()
	if got := value(t, s); string(got) != "v" {
		t.Fatalf("got %q", got)
	}
}

func TestFileAsksOnceAndSaysWhenThePassphraseIsChosen(t *testing.T) {
	var asked []bool
	ask := func(_ context.Context, first bool) (string, error) { asked = append(asked, first); return "p", nil }
	folder := t.TempDir()
	for range 2 {
		s := store.CheapFile(folder, ask)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := s.Unlock(storetest.Context(t)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if len(asked) != 2 || !asked[0] || asked[1] {
		t.Fatalf("asked %v, want [true false]", asked)
	}
}

func TestFileUnlockEndsWithItsContext(t *testing.T) {
	asking := make(chan struct{})
	ask := func(ctx context.Context, _ bool) (string, error) { close(asking); <-ctx.Done(); return "", ctx.Err() }
	ctx, giveUp := context.WithCancel(storetest.Context(t))
	s := store.File(t.TempDir(), ask)
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(ctx) }()
	<-asking
	giveUp()
	if err := <-unlocked; !errors.Is(err, store.ErrLocked) {
		t.Fatalf("Unlock: %v, want ErrLocked", err)
	}
}

func TestFilesAreForTheirOwnerAloneAndShowNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "store")
	s := openFile(t, folder, "the-passphrase")
	if err := s.Set(storetest.Context(t), "work#secret", []byte("the-secret-value")); err != nil {
		t.Fatal(err)
	}
	count := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if runtime.GOOS != "windows" && err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if d.IsDir() {
			return err
		}
		count++
		text, err := os.ReadFile(path)
		for _, secret := range []string{"the-secret-value", "the-passphrase", "AGE-SECRET-KEY"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s shows a secret", path)
			}
		}
		return err
	})
	if err != nil || count < 2 {
		t.Fatalf("%d files, %v", count, err)
	}
}

func TestFileDamageIsCorruptNeverAbsent(t *testing.T) {
	ctx := storetest.Context(t)
	item := func(folder, name string) string { return filepath.Join(folder, "item-"+name+".age") }
	for name, damage := range map[string]func(t *testing.T, folder string) error{
		"cut":     func(t *testing.T, f string) error { return os.Truncate(item(f, "work"), 100) },
		"emptied": func(t *testing.T, f string) error { return os.Truncate(item(f, "work"), 0) },
		"another": func(t *testing.T, f string) error { return os.Rename(item(f, "other"), item(f, "work")) },
		"of another store": func(t *testing.T, f string) error {
			foreign := t.TempDir()
			if err := openFile(t, foreign, "p").Set(ctx, "work", []byte("foreign")); err != nil {
				return err
			}
			return os.Rename(item(foreign, "work"), item(f, "work"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			s := openFile(t, folder, "p")
			for _, key := range []string{"work", "other"} {
				if err := s.Set(ctx, key, []byte("v-"+key)); err != nil {
					t.Fatal(err)
				}
			}
			if err := damage(t, folder); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get(ctx, "work"); !errors.Is(err, store.ErrCorrupt) {
				t.Fatalf("Get: %q, %v, want ErrCorrupt", got, err)
			}
			if err := s.Set(ctx, "work", []byte("again")); err != nil {
				t.Fatal(err)
			}
			if got := value(t, s); string(got) != "again" {
				t.Fatalf("after writing again: %q", got)
			}
		})
	}
}

func TestAMissingIdentityIsNeverReplaced(t *testing.T) {
	ctx, folder := storetest.Context(t), t.TempDir()
	s := openFile(t, folder, "p")
	if err := s.Set(ctx, "work", []byte("v")); err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(folder, "identity.age")
	if err := os.Rename(identity, identity+".away"); err != nil {
		t.Fatal(err)
	}
	if err := newFile(folder, "p").Unlock(ctx); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("Unlock: %v, want ErrCorrupt that says what to do", err)
	}
	if err := s.Set(ctx, "work", []byte("nobody could open this")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Set: %v, want ErrUnavailable", err)
	}
	if err := os.Rename(identity+".away", identity); err != nil {
		t.Fatal(err)
	}
	if got := value(t, openFile(t, folder, "p")); string(got) != "v" {
		t.Errorf("put back: %q", got)
	}
}

func TestFileInAFolderThatCannotBeMadeIsUnavailable(t *testing.T) {
	in := filepath.Join(t.TempDir(), "a-file")
	if err := os.WriteFile(in, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := newFile(filepath.Join(in, "store"), "p").Unlock(storetest.Context(t))
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), in) {
		t.Fatalf("Unlock: %v, want ErrUnavailable that names the folder", err)
	}
}
