package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/authtray/authtray/tokens/store"
)

func TestOwnFileIsForOneProcessWhateverWayLeadsToTheFolder(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "one", "store")
	own, err := store.OwnFile(t.Context(), folder)
	if err != nil || own.Lost() != nil {
		t.Fatalf("%v, %v", err, own.Lost())
	}
	link := filepath.Join(dir, "two")
	if err := os.Symlink(filepath.Dir(folder), link); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if _, err := os.Stat(filepath.Join(link, "store")); err != nil {
		own.Close()
		t.Skip("a link leads nowhere here") // Wine makes such
	}
	var taken *store.TakenError
	if _, err := store.OwnFile(t.Context(), filepath.Join(link, "store")); !errors.As(err, &taken) {
		t.Fatalf("the same folder by another way: %v", err)
	}
	if errors.Is(err, store.ErrUnavailable) {
		t.Error("who is refused is told of a keychain that cannot be reached")
	}
	other, err := store.OwnFile(t.Context(), filepath.Join(dir, "three"))
	if err != nil {
		t.Fatalf("another folder: %v", err)
	}
	other.Close()
	own.Close()
	again, err := store.OwnFile(t.Context(), folder)
	if err != nil {
		t.Fatalf("after the first gave it up: %v", err)
	}
	again.Close()
}

func TestOwnedMayBeClosedTwice(t *testing.T) {
	folder := t.TempDir()
	own, err := store.OwnFile(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	s := store.Owned(newFile(folder, "p"), own)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	again, err := store.OwnFile(t.Context(), folder)
	if err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	var taken *store.TakenError
	if _, err := store.OwnFile(t.Context(), folder); !errors.As(err, &taken) {
		t.Errorf("closing the first once more gave up the second: %v", err)
	}
	again.Close()
}

func TestOwnedWithoutOwnershipIsTheStoreItself(t *testing.T) {
	s := store.Memory()
	if store.Owned(s, nil) != s {
		t.Error("a store that nobody else can reach is wrapped")
	}
	var own *store.Ownership
	if own.Lost() != nil {
		t.Error("nobody else can reach it, and it is lost")
	}
	own.Close()
}
