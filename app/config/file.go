package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authtray/authtray/providers/catalog"
)

// MaxFile is how large a configuration file may be, in bytes.
const MaxFile = catalog.MaxRead

// Read returns a file that nobody else can have written. The error names the
// file; one that wraps fs.ErrNotExist means that it is not there.
func Read(path string) ([]byte, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if err := trusted(filepath.Dir(path)); err != nil {
		return nil, err
	}
	data, err := catalog.ReadRegular(path, func(info fs.FileInfo) error { return trustedInfo(path, info) })
	if errors.Is(err, catalog.ErrNotRegular) || errors.Is(err, catalog.ErrTooLarge) {
		err = fmt.Errorf("%s %w", path, err)
	}
	return data, err
}

// Write puts data at path, 0600, atomically and durably: after a crash the file
// is the old one or the new one, whole. It makes the folder, 0700.
// A symbolic link is followed, not replaced.
func Write(path string, data []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := trusted(dir); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*") // 0600 by its contract
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	_, werr := tmp.Write(data)
	if err := errors.Join(werr, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// Writable says why nothing could be written to or removed from a folder now;
// nil also for a folder that is not there.
func Writable(dir string) error {
	probe, err := os.CreateTemp(dir, ".probe-*")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Remove removes a file durably. A file that is not there is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// trusted refuses a folder that other users may write: they could put their
// own file in the place of one of ours.
func trusted(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return trustedInfo(dir, info)
}
