package atomicfile

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// rename also replaces a file that another program has open for a moment: a virus
// scanner, an indexer, an editor that reads it again. As the go command does
// (cmd/internal/robustio), it is tried again for up to two seconds.
func rename(from, to string) error {
	const patience = 2 * time.Second
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		err := os.Rename(from, to)
		if err == nil || !isOpen(err) || time.Since(began)+pause > patience {
			return err
		}
		time.Sleep(pause)
	}
}

// isOpen reports whether an error is that of a file that somebody has open.
func isOpen(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// syncFolder has nothing to do: NTFS journals renames, and a folder cannot be
// flushed.
func syncFolder(string) error { return nil }
