package atomicfile

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// rename also replaces, and remove also removes, a file that another program has
// open for a moment: a virus scanner, an indexer, an editor that reads it again.
func rename(from, to string) error { return patiently(func() error { return os.Rename(from, to) }) }
func remove(path string) error     { return patiently(func() error { return os.Remove(path) }) }

// patiently tries again for up to two seconds what fails because a file is open, as
// the go command does (cmd/internal/robustio).
func patiently(do func() error) error {
	for end, pause := time.Now().Add(2*time.Second), time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := do()
		open := errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
		if !open || time.Now().Add(pause).After(end) {
			return err
		}
		time.Sleep(pause)
	}
}

// syncFolder has nothing to do: NTFS journals renames, and a folder cannot be
// flushed.
func syncFolder(string) error { return nil }
