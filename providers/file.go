package providers

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// MaxRead is how much ReadRegular reads, in bytes.
const MaxRead = 1 << 20

// What ReadRegular refuses. Like what check refuses, they do not name the file.
var (
	ErrNotRegular = errors.New("is not a regular file")
	ErrTooLarge   = errors.New("is larger than 1 MB")
)

// ReadRegular reads a regular file of at most MaxRead bytes, and nothing else: a
// named pipe would keep its reader waiting, and a device may have no end. check
// is asked about the very file that was opened; nil: nothing is asked.
func ReadRegular(path string, check func(fs.FileInfo) error) ([]byte, error) {
	info, err := os.Stat(path) // first, since to open a device may set it going
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // it was replaced meanwhile
		return nil, ErrNotRegular
	}
	if check != nil {
		if err := check(info); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxRead+1))
	if err == nil && len(data) > MaxRead {
		return nil, ErrTooLarge
	}
	return data, err
}

// withoutPath is an error as it reads behind the file's name.
func withoutPath(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return "cannot be read: " + e.Err.Error()
	}
	return err.Error()
}
