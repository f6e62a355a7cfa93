package client

import (
	"errors"
	"net"
	"syscall"
)

// peerUID is the uid of the process that listens, as the kernel noted it
// (LOCAL_PEERCRED). Package syscall has no struct xucred; its ICMPv6Filter is as
// many words as are needed of one, and the kernel cuts what it gives to the room
// there is: version, uid, groups.
func peerUID(conn *net.UnixConn, _ string) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	const solLocal, localPeercred = 0, 1
	var cred *syscall.ICMPv6Filter
	var failed error
	err = raw.Control(func(fd uintptr) {
		cred, failed = syscall.GetsockoptICMPv6Filter(int(fd), solLocal, localPeercred)
	})
	if err := errors.Join(err, failed); err != nil {
		return 0, err
	}
	return int(cred.Filt[1]), nil
}
