package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// disk is each single step of a write, so that a test can end the world
// between any two of them.
type disk interface {
	create(folder string) (*os.File, error) // a new file 0600 with a name that starts with tempPrefix
	write(f *os.File, data []byte) error
	sync(f *os.File) error // and close
	rename(from, to string) error
	syncFolder(folder string) error
	remove(path string) error
	probe(folder string) error // could create work?
}

const tempPrefix = ".new-"

// replace makes data the content of path: the old one or the new one, whole,
// whatever happens meanwhile.
func replace(d disk, path string, data []byte) error {
	temp, err := d.create(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err = errors.Join(d.write(temp, data), d.sync(temp)); err == nil {
		err = d.rename(temp.Name(), path)
	}
	if err != nil {
		_ = d.remove(temp.Name())
		return err
	}
	return d.syncFolder(filepath.Dir(path))
}

// remove deletes path for good. An absent one is no error.
func remove(d disk, path string) error {
	if err := d.remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return d.syncFolder(filepath.Dir(path))
}

// sweepTemps removes what a crash left. The folder is ours alone.
func sweepTemps(d disk, folder string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			_ = d.remove(filepath.Join(folder, e.Name()))
		}
	}
}

// exclusively runs fn while no other process changes the folder, which it makes if
// need be.
func (f *file) exclusively(ctx context.Context, fn func() error) error {
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(f.folder, "lock"), flock.SetPermissions(0o600))
	if ok, err := lock.TryLockContext(ctx, 20*time.Millisecond); !ok {
		return fmt.Errorf("%w: another process holds %s: %w", ErrUnavailable, lock.Path(), err)
	}
	defer lock.Close()
	return fn()
}

type realDisk struct{}

func (realDisk) create(folder string) (*os.File, error) { return os.CreateTemp(folder, tempPrefix+"*") }

func (realDisk) write(f *os.File, data []byte) error {
	_, err := f.Write(data)
	return err
}

func (realDisk) sync(f *os.File) error        { return errors.Join(f.Sync(), f.Close()) }
func (realDisk) rename(from, to string) error { return os.Rename(from, to) }
func (realDisk) remove(path string) error     { return os.Remove(path) }

// syncFolder makes a rename last. Windows has nothing like it, and needs none
// on NTFS, whose journal keeps names.
func (realDisk) syncFolder(folder string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d realDisk) probe(folder string) error {
	f, err := d.create(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.remove(f.Name()))
}
