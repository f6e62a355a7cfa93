package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens/store/atomicfile"
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

// Write puts data at path, 0600, whole and durably (package atomicfile). It makes
// the folder, 0700. A symbolic link is followed, not replaced.
func Write(path string, data []byte) error {
	return atomicfile.Write(path, data, atomicfile.Options{FollowLink: true, MakeFolder: true, Check: trusted})
}

// Writable says why nothing could be written to or removed from a folder now;
// nil also for a folder that is not there.
func Writable(dir string) error {
	if err := atomicfile.Probe(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Remove removes a file durably. A file that is not there is no error.
func Remove(path string) error { return atomicfile.Remove(path) }

// trusted refuses a folder that other users may write: they could put their
// own file in the place of one of ours.
func trusted(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return trustedInfo(dir, info)
}

// OpenState opens a file of the state folder, 0600 where it is made: a regular file
// of this user's that nobody else may write. A link is not followed, in its last
// part: somebody else could have put it there, and have us write into what it leads
// to. flag is as for os.OpenFile.
func OpenState(path string, flag int) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() { // first, since to open a device may set it going
		return nil, notRegular(path)
	}
	cut := flag & os.O_TRUNC
	f, err := os.OpenFile(path, flag&^os.O_TRUNC|openState, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = notRegular(path)
	default:
		err = trustedInfo(path, info)
	}
	if err == nil && cut != 0 { // only now that it is known to be ours
		err = f.Truncate(0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func notRegular(path string) error {
	return fmt.Errorf("%s %w; move it away", path, catalog.ErrNotRegular)
}

// CheckFolders wants the folders of a profile to be writable by this user alone,
// where they are there: whoever else may write them could put files of their own in
// the places of ours.
func (p Paths) CheckFolders() error {
	for _, dir := range []string{p.Config, p.State} {
		if err := trusted(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
