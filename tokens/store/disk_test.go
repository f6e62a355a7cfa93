package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens/store/atomicfile"
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

func fileOn(folder string, do func(func() error) error) Store {
	f := newFile(folder, func(context.Context, bool) (string, error) { return "p", nil })
	f.step, f.workFactor = do, 4
	return serialize(f)
}

// TestEveryDiskFaultLeavesTheOldFileOrTheNew fails at, or dies at, each single
// step of a first Unlock and of a write, and looks at what a new process finds.
func TestEveryDiskFaultLeavesTheOldFileOrTheNew(t *testing.T) {
	for _, dead := range []bool{false, true} {
		for k, more := 1, true; more; k++ {
			more = strike(t, &fault{k: k, dead: dead})
		}
	}
}

// next is a new process that takes the folder, and ends again.
func next(t *testing.T, folder string) {
	t.Helper()
	own, err := OwnFile(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	own.Close()
}

func strike(t *testing.T, d *fault) bool {
	t.Helper()
	ctx, folder := t.Context(), t.TempDir()
	opened := fileOn(folder, d.do).Unlock(ctx)
	sound := fileOn(folder, nil)
	if err := sound.Unlock(ctx); err != nil {
		t.Fatalf("step %d: a first Unlock was cut (%v), and the next says %v", d.k, opened, err)
	}
	if err := sound.Set(ctx, "work", []byte("old")); err != nil {
		t.Fatal(err)
	}
	s := fileOn(folder, d.do)
	said := errors.Join(s.Unlock(ctx), s.Set(ctx, "work", []byte("new")))

	next(t, folder)
	after := fileOn(folder, nil)
	if err := after.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := after.Get(ctx, "work")
	if err != nil || (!bytes.Equal(got, []byte("new")) && (said == nil || !bytes.Equal(got, []byte("old")))) {
		t.Fatalf("step %d: %v, then %q, %v", d.k, said, got, err)
	}
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), atomicfile.TempPrefix) {
			t.Fatalf("step %d: %s was left", d.k, e.Name())
		}
	}
	return d.count >= d.k
}
