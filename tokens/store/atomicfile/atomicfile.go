// Package atomicfile replaces files whole. After a crash, a kill or a power failure
// at any moment a file is the old one or the new one, and whoever reads it
// meanwhile sees one of the two.
//
// It stands below package store because the file store needs it, and imports
// nothing of Authtray, so that app uses the same one for configuration, state,
// start at login and other programs' configuration.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Options say how a file is replaced. The zero value makes a private file, in a
// folder that is there.
type Options struct {
	Mode       fs.FileMode               // of the file [0600]
	KeepMode   bool                      // a file that is there keeps its mode; Mode is for a new one
	FollowLink bool                      // what a symbolic link leads to is replaced, there or not; else the link is
	MakeFolder bool                      // make the folder, 0700, and those above it
	Check      func(folder string) error // refuses a folder before anything is written to it
	Do         func(func() error) error  // does each single step; for tests that end the world between two of them
}

// Error says why a file was not replaced, or not for good.
type Error struct {
	Path     string
	Replaced bool // the new content is there, but might not outlive a power failure
	Err      error
}

func (e *Error) Error() string {
	if e.Replaced {
		return fmt.Sprintf("%s is changed, but may be the old one again after a power failure: %v", e.Path, cause(e.Err))
	}
	return fmt.Sprintf("%s cannot be written and is as it was: %v", e.Path, cause(e.Err))
}

func (e *Error) Unwrap() error { return e.Err }

// cause leaves out the name of the temporary file, which tells nobody anything.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
}

// TempPrefix begins the names of the files that are written before they take the
// place of another. What follows is random.
const TempPrefix = ".new-"

// Write makes data the content of the file at path. When it returns nil the content
// is on the disk, name and all. An error is an *Error, or one of Options.Check;
// unless it says otherwise, nothing was changed and nothing is left beside the file.
// Owner, access lists and hard links of the old file are not carried over.
func Write(path string, data []byte, o Options) error {
	file := path
	if o.FollowLink {
		to, err := target(path)
		if err != nil {
			return &Error{Path: path, Err: err}
		}
		file = to
	}
	folder := filepath.Dir(file)
	if o.MakeFolder {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return &Error{Path: path, Err: err}
		}
	}
	if o.Check != nil {
		if err := o.Check(folder); err != nil {
			return err
		}
	}
	if err := o.replace(file, data); err != nil {
		return &Error{Path: path, Err: err}
	}
	if err := o.do(func() error { return syncFolder(folder) }); err != nil {
		return &Error{Path: path, Replaced: true, Err: err}
	}
	return nil
}

func (o Options) do(step func() error) error {
	if o.Do != nil {
		return o.Do(step)
	}
	return step()
}

func (o Options) replace(file string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), TempPrefix+"*")
	if err != nil {
		return err
	}
	err = o.do(func() error { _, err := temp.Write(data); return err })
	if mode := o.mode(file); mode != 0o600 {
		err = errors.Join(err, temp.Chmod(mode))
	}
	err = errors.Join(err, o.do(temp.Sync), temp.Close())
	if err == nil {
		err = o.do(func() error { return rename(temp.Name(), file) })
	}
	if err != nil {
		_ = o.do(func() error { return os.Remove(temp.Name()) })
	}
	return err
}

func (o Options) mode(file string) fs.FileMode {
	if info, err := os.Stat(file); err == nil && o.KeepMode {
		return info.Mode().Perm()
	}
	if o.Mode == 0 {
		return 0o600
	}
	return o.Mode
}

// maxLinks is how many symbolic links may lead to a file.
const maxLinks = 40

// target is where the symbolic links at path lead, whether something is there or
// not: a link to a file that is yet to be made is not replaced by the file.
func target(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, or nothing
		}
		if !filepath.IsAbs(to) {
			folder, err := filepath.EvalSymlinks(filepath.Dir(path)) // ".." is meant from there
			if err != nil {
				return "", err
			}
			to = filepath.Join(folder, to)
		}
		path = to
	}
	return "", fmt.Errorf("%s leads through too many symbolic links", path)
}

// Remove removes a file for good. One that is not there is no error.
func Remove(path string) error {
	if err := remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// Probe says why nothing could be written to a folder now.
func Probe(folder string) error {
	f, err := os.CreateTemp(folder, TempPrefix+"*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Sweep removes what a crash left in a folder to which nobody else writes now.
func Sweep(folder string) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), TempPrefix) {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}
