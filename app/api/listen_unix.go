//go:build !windows

package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/authtray/authtray/app/shellquote"
)

// maxPath is what fits into sockaddr_un on every system, without its end.
const maxPath = 103

// bind makes the socket, 0600 in a folder of this user's alone. A socket that
// is there already is a left-over, if nobody answers on it: the caller holds the
// profile's lock.
func bind(address string) (net.Listener, error) {
	if len(address) > maxPath {
		return nil, fmt.Errorf("the socket's path is %d bytes long and systems allow %d: set AUTHTRAY_SOCKET to a shorter one (%s)", len(address), maxPath, address)
	}
	if err := ownFolder(filepath.Dir(address)); err != nil {
		return nil, err
	}
	if err := removeStale(address); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(address, 0o600); err != nil { // nobody else can enter the folder meanwhile
		l.Close()
		return nil, err
	}
	return l, nil
}

// ownFolder makes the folder, or wants it to be a real one, of this user's and
// closed to all others. Lstat: a link could lead anywhere.
func ownFolder(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder, so the socket is not made there", dir)
	case !ok || int(st.Uid) != os.Getuid():
		return fmt.Errorf("%s belongs to another user, so the socket is not made there; set AUTHTRAY_SOCKET to another place", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to other users, so the socket is not made there; run: chmod 700 %s", dir, shellquote.Quoted(shellquote.POSIX, dir))
	}
	return nil
}

// removeStale removes a socket on which nobody answers, and nothing else.
func removeStale(address string) error {
	info, err := os.Lstat(address)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is not a socket; move it away, or set AUTHTRAY_SOCKET", address)
	}
	if c, err := net.Dial("unix", address); err == nil {
		c.Close()
		return fmt.Errorf("%w: an agent with another state folder answers on %s", ErrRunning, address)
	}
	return os.Remove(address)
}
