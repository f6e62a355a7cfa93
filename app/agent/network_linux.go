package agent

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// networkGroups are the kernel's words on addresses and routes, which need no
// privilege, no D-Bus and no NetworkManager.
const networkGroups = unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE

// networkPause lets a network settle: an address, a route and a resolver come one
// after the other.
const networkPause = 2 * time.Second

// watchNetwork calls back, until ctx ends, some moments after this machine got an
// address or a default route. Where it cannot watch, what has to be tried again is
// tried at its time.
func watchNetwork(ctx context.Context, log *slog.Logger, back func()) {
	words, err := listenToKernel()
	if err != nil {
		log.Info("that the network is back will not be seen at once", "err", err)
		return
	}
	followNetwork(ctx, log, words, back)
}

func followNetwork(ctx context.Context, log *slog.Logger, words *os.File, back func()) {
	defer context.AfterFunc(ctx, func() { words.Close() })()
	defer words.Close()
	settled := time.AfterFunc(time.Hour, back)
	settled.Stop()
	defer settled.Stop()
	buf := make([]byte, 1<<16)
	for {
		n, err := words.Read(buf)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, unix.ENOBUFS): // words were lost, and it may have been among them
			settled.Reset(networkPause)
		case err != nil:
			log.Info("the network is no longer watched", "err", err)
			return
		case tellsOfNetwork(buf[:n]):
			settled.Reset(networkPause)
		}
	}
}

func listenToKernel() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: networkGroups}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("netlink: %w", err)
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}

// tellsOfNetwork: among the messages is a new address that reaches beyond this
// machine's link, or a new default route.
func tellsOfNetwork(b []byte) bool {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return false
	}
	for _, m := range messages {
		switch {
		case m.Header.Type == unix.RTM_NEWADDR && len(m.Data) >= unix.SizeofIfAddrmsg && m.Data[3] == unix.RT_SCOPE_UNIVERSE:
			return true
		case m.Header.Type == unix.RTM_NEWROUTE && len(m.Data) >= unix.SizeofRtMsg && m.Data[1] == 0 && binary.NativeEndian.Uint32(m.Data[8:])&unix.RTM_F_CLONED == 0:
			return true
		}
	}
	return false
}
