//go:build !windows

package client

import (
	"net"
	"path/filepath"
)

// ListenIn listens where an agent of a test would, which has a folder to itself.
func ListenIn(folder string) (l net.Listener, address string, err error) {
	address = filepath.Join(folder, "s")
	l, err = net.Listen("unix", address)
	return l, address, err
}
