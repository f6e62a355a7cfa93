package client

import (
	"net"
	"syscall"
)

// peerUID is the uid of the process that listens, as the kernel noted it.
func peerUID(conn *net.UnixConn, _ string) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err != nil || failed != nil {
		return 0, firstOf(err, failed)
	}
	return int(cred.Uid), nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
