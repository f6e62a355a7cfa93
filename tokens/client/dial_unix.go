//go:build unix

package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// Dial connects to the agent at an address, the path of its socket, and sees that
// it runs as this user. One that is being replaced is waited for. Safe for concurrent
// use.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	for {
		conn, err := dialOnce(ctx, address)
		if !errors.Is(err, ErrNoAgent) || !replaced(address) || !pauseForReplacement(ctx) {
			return conn, err
		}
	}
}

func dialOnce(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, dialError(address, err)
	}
	if err := checkServer(conn.(*net.UnixConn), address); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// isOf reports whether a file is of a user, or root's, and nobody else may write it.
func isOf(info fs.FileInfo, uid int) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == uid || st.Uid == 0) && info.Mode().Perm()&0o022 == 0
}

// dialError tells an agent that is not there from one that cannot be reached.
func dialError(path string, err error) error {
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w at %s", ErrNoAgent, path)
	}
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENAMETOOLONG) {
		return fmt.Errorf("the path of the agent's socket is too long for this system (%d bytes): set AUTHTRAY_SOCKET, or XDG_RUNTIME_DIR, to a shorter one", len(path))
	}
	return fmt.Errorf("cannot reach the agent: %w", err)
}

func checkServer(conn *net.UnixConn, path string) error {
	uid, err := peerUID(conn, path)
	if err != nil {
		return fmt.Errorf("cannot tell whose process listens at %s: %w", path, err)
	}
	if uid != os.Getuid() {
		return fmt.Errorf("%w: %s is served by uid %d", ErrForeign, path, uid)
	}
	return nil
}
