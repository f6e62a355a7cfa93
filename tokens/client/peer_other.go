//go:build unix && !linux && !darwin

package client

import (
	"net"
	"syscall"
)

// peerUID is the owner of the socket file: only its owner, and root, can have
// bound the socket in a folder that is 0700.
func peerUID(_ *net.UnixConn, path string) (int, error) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return 0, err
	}
	return int(st.Uid), nil
}
