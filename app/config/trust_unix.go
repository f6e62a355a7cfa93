//go:build !windows

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/authtray/authtray/app/shellquote"
)

// openState: a link is not followed, and a named pipe not waited for.
const openState = syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_NOCTTY

// ErrWritable is wrapped by the error for a file or folder that is not this
// user's alone to write.
var ErrWritable = errors.New("other users may write it")

// trustedInfo wants what is described by info to belong to this user or root,
// and to be writable by nobody else.
func trustedInfo(path string, info fs.FileInfo) error {
	if uid := owner(info); uid != os.Getuid() && uid != 0 {
		return fmt.Errorf("%s belongs to another user (uid %d): %w, so it is not read; make it yours with chown", path, uid, ErrWritable)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s: %w, so it is not read; run: chmod go-w %s", path, ErrWritable, shellquote.Quoted(shellquote.POSIX, path))
	}
	return nil
}

func owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
