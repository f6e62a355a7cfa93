package connlimit

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// The kernel's sock_diag (linux/sock_diag.h, linux/inet_diag.h), as far as one
// connection is asked about.
const (
	sockDiagByFamily = 20
	stateEstablished = 1
	socketIDSize     = 48 // struct inet_diag_sockid
	requestSize      = 8 + socketIDSize
	answerSize       = 4 + socketIDSize + 20 // struct inet_diag_msg
	answerUID        = 4 + socketIDSize + 12
)

// Owner is the user whose program has the other end of a connection of this
// machine: the one from client to server. It asks about that one only, so that it
// takes no longer where there are many. False where the kernel does not know it: it
// was made in another network namespace, or in Windows around WSL.
func Owner(client, server netip.AddrPort) (uid int, known bool) {
	var o owners
	defer o.close()
	return o.of(client, server)
}

// owners asks the kernel whose connections are, one question at a time. It keeps its
// socket until close: to make one takes five times as long as to ask. The zero value
// is ready.
type owners struct {
	fd  int
	buf []byte // nil: there is no socket
}

// of is Owner.
func (o *owners) of(client, server netip.AddrPort) (uid int, known bool) {
	n, err := o.ask(ownerRequest(client, server))
	if err != nil {
		o.close() // an answer that comes late is not the next question's
		return 0, false
	}
	return ownerIn(o.buf[:n], client, server)
}

// ask leaves the answer in buf.
func (o *owners) ask(request []byte) (n int, err error) {
	if o.buf == nil {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
		if err != nil {
			return 0, err
		}
		o.fd, o.buf = fd, make([]byte, 4096)
		wait := unix.NsecToTimeval(int64(1e9)) // the kernel answers within the call
		_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
	}
	if err := unix.Sendto(o.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return 0, err
	}
	n, _, err = unix.Recvfrom(o.fd, o.buf, 0)
	return n, err
}

func (o *owners) close() {
	if o.buf != nil {
		_ = unix.Close(o.fd)
		o.buf = nil
	}
}

// ownerRequest asks for the socket that client is the local and server the remote
// address of.
func ownerRequest(client, server netip.AddrPort) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+requestSize)
	native := binary.NativeEndian
	native.PutUint32(b[0:], uint32(len(b)))
	native.PutUint16(b[4:], sockDiagByFamily)
	native.PutUint16(b[6:], unix.NLM_F_REQUEST)
	body := b[unix.SizeofNlMsghdr:]
	body[0], body[1] = family(client), unix.IPPROTO_TCP
	native.PutUint32(body[4:], ^uint32(0)) // whatever state it is in
	putSocketID(body[8:], client, server)
	native.PutUint64(body[8+40:], ^uint64(0)) // no cookie
	return b
}

func family(a netip.AddrPort) byte {
	if a.Addr().Unmap().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func putSocketID(b []byte, local, remote netip.AddrPort) {
	binary.BigEndian.PutUint16(b[0:], local.Port())
	binary.BigEndian.PutUint16(b[2:], remote.Port())
	copy(b[4:20], local.Addr().Unmap().AsSlice())
	copy(b[20:36], remote.Addr().Unmap().AsSlice())
}

// ownerIn reads the answer. Where there is no such connection the kernel answers
// for whoever listens on the client's port, so both addresses are compared. One that
// its program has closed is listed as root's.
func ownerIn(b []byte, client, server netip.AddrPort) (uid int, known bool) {
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil || len(messages) != 1 || messages[0].Header.Type != sockDiagByFamily || len(messages[0].Data) < answerSize {
		return 0, false
	}
	data := messages[0].Data
	var want [socketIDSize]byte
	putSocketID(want[:], client, server)
	id := data[4:]
	for _, part := range addressParts(family(client), data[0]) {
		if string(id[part.in:part.in+part.size]) != string(want[part.want:part.want+part.size]) {
			return 0, false
		}
	}
	uid = int(binary.NativeEndian.Uint32(data[answerUID:]))
	if data[1] != stateEstablished && uid == 0 {
		return Nobody, true
	}
	return uid, true
}

// addressPart is where a part of a socket's identity stands in the answer, and where
// in what is wanted.
type addressPart struct{ in, want, size int }

// addressParts: a program that speaks IPv4 through an IPv6 socket has its IPv4
// addresses at the end of the fields.
func addressParts(asked, answered byte) []addressPart {
	switch {
	case asked == unix.AF_INET && answered == unix.AF_INET6:
		return []addressPart{{0, 0, 4}, {4 + 12, 4, 4}, {20 + 12, 20, 4}}
	case asked == unix.AF_INET:
		return []addressPart{{0, 0, 4}, {4, 4, 4}, {20, 20, 4}}
	}
	return []addressPart{{0, 0, 36}}
}
