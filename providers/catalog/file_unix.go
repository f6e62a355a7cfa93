//go:build !windows

package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// openAtOnce: to open a named pipe does not wait for its other end, and no
// terminal becomes this process's own.
const openAtOnce = syscall.O_NONBLOCK | syscall.O_NOCTTY

// checkFile refuses a configuration file that somebody else may have written.
func checkFile(info fs.FileInfo) error {
	if info.Size() > maxFile {
		return fmt.Errorf("is larger than %d kB; this cannot be a configuration file", maxFile>>10)
	}
	return checkOwner(info)
}

// checkOwner refuses a file that is not this user's or root's alone to write.
func checkOwner(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil // embedded in the program
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("may be written by others; run: chmod go-w on it")
	}
	if owner := int(stat.Uid); owner != os.Geteuid() && owner != 0 {
		return errors.New("belongs to another user; make a copy of your own")
	}
	return nil
}
