package api

import (
	"fmt"
	"net"

	"golang.org/x/sys/windows"
)

// self is the uid that peer gives: there are none on Windows, and the pipe's
// descriptor has admitted this user only.
func self() int { return -1 }

// handle is the pipe beneath a connection of go-winio.
type handle interface{ Fd() uintptr }

// peer tells the client of a pipe.
func peer(c net.Conn) (Peer, error) {
	h, ok := c.(handle)
	if !ok {
		return Peer{}, fmt.Errorf("%T is no pipe", c)
	}
	var pid uint32
	if err := windows.GetNamedPipeClientProcessId(windows.Handle(h.Fd()), &pid); err != nil {
		return Peer{}, err
	}
	return Peer{UID: -1, PID: int(pid), Exe: executable(pid)}, nil
}

func sid(t windows.Token) (string, error) {
	u, err := t.GetTokenUser()
	if err != nil {
		return "", err
	}
	return u.User.Sid.String(), nil
}

func executable(pid uint32) string {
	p, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(p)
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(buf))
	if err := windows.QueryFullProcessImageName(p, 0, &buf[0], &n); err != nil {
		return ""
	}
	return windows.UTF16ToString(buf[:n])
}
