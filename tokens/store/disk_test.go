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

// failingDisk fails at the k-th step; dead, it fails at each one after it too,
// as after a crash. Torn, a failing write leaves the first half.
type failingDisk struct {
	atomicfile.OS
	k     int
	dead  bool
	count int
}

func (d *failingDisk) step() error {
	if d.count++; d.count == d.k || (d.dead && d.count > d.k) {
		return errDisk
	}
	return nil
}

func (d *failingDisk) Create(folder string) (*os.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	return d.OS.Create(folder)
}

func (d *failingDisk) Write(f *os.File, data []byte) error {
	if err := d.step(); err != nil {
		_ = d.OS.Write(f, data[:len(data)/2])
		return err
	}
	return d.OS.Write(f, data)
}

func (d *failingDisk) Sync(f *os.File) error {
	if err := d.step(); err != nil {
		_ = f.Close()
		return err
	}
	return d.OS.Sync(f)
}

func (d *failingDisk) Rename(from, to string) error {
	return errors.Join(d.step(), d.whenAlive(func() error { return d.OS.Rename(from, to) }))
}

func (d *failingDisk) SyncFolder(folder string) error {
	return errors.Join(d.step(), d.whenAlive(func() error { return d.OS.SyncFolder(folder) }))
}

func (d *failingDisk) Remove(path string) error {
	return errors.Join(d.step(), d.whenAlive(func() error { return d.OS.Remove(path) }))
}

func (d *failingDisk) whenAlive(op func() error) error {
	if d.count == d.k || (d.dead && d.count > d.k) {
		return nil
	}
	return op()
}

func fileOn(folder string, d atomicfile.Disk) Store {
	f := newFile(folder, func(context.Context, bool) (string, error) { return "p", nil })
	f.disk, f.workFactor = d, 4
	return serialize(f)
}

// TestEveryDiskFaultLeavesTheOldFileOrTheNew fails at, or dies at, each single
// step of a first Unlock and of a write, and looks at what a new process finds.
func TestEveryDiskFaultLeavesTheOldFileOrTheNew(t *testing.T) {
	for _, dead := range []bool{false, true} {
		for k, more := 1, true; more; k++ {
			more = strike(t, &failingDisk{k: k, dead: dead})
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

func strike(t *testing.T, d *failingDisk) bool {
	t.Helper()
	ctx, folder := t.Context(), t.TempDir()
	opened := fileOn(folder, d).Unlock(ctx)
	sound := fileOn(folder, atomicfile.OS{})
	if err := sound.Unlock(ctx); err != nil {
		t.Fatalf("step %d: a first Unlock was cut (%v), and the next says %v", d.k, opened, err)
	}
	if err := sound.Set(ctx, "work", []byte("old")); err != nil {
		t.Fatal(err)
	}
	s := fileOn(folder, d)
	said := errors.Join(s.Unlock(ctx), s.Set(ctx, "work", []byte("new")))

	next(t, folder)
	after := fileOn(folder, atomicfile.OS{})
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
