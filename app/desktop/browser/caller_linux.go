package browser

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// callerOf is the user whose program made the connection that a request came on.
// False where the kernel does not list it: it was made in another network
// namespace, or in Windows around WSL.
func callerOf(r *http.Request) (uid int, known bool) {
	server, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if !ok || err != nil || !client.Addr().Is4() || !server.AddrPort().Addr().Unmap().Is4() {
		return 0, false
	}
	from, to := inProc(client), inProc(server.AddrPort())
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if uid, known := ownerIn(file, from, to); known {
			return uid, true
		}
	}
	return 0, false
}

// inProc writes an address as proc(5) does: the number as it is in memory.
func inProc(a netip.AddrPort) string {
	ip := a.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), a.Port())
}

// inProc6 writes that of a program that speaks IPv4 through an IPv6 socket.
func inProc6(at string) string {
	return fmt.Sprintf("%016X%08X%s", 0, binary.NativeEndian.Uint32([]byte{0, 0, 0xFF, 0xFF}), at)
}

const (
	established = "01" // the state of a connection that its program has open, for both directions
	nobody      = -1   // the owner of one that is not
)

// ownerIn looks for the line of the connection's other end. Its columns: number,
// local address, remote address, state, queues, timer, retransmits, uid. Both
// addresses must be whole, since any user may have a connection from the same port
// to our port at another address. And a connection that was closed, by whomever, is
// listed as root's: it belongs to nobody.
func ownerIn(file, from, to string) (uid int, known bool) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	from6, to6 := inProc6(from), inProc6(to)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		c := strings.Fields(lines.Text())
		if len(c) < 8 || (c[1] != from || c[2] != to) && (c[1] != from6 || c[2] != to6) {
			continue
		}
		uid, err := strconv.Atoi(c[7])
		if c[3] != established || err != nil {
			return nobody, true
		}
		return uid, true
	}
	return 0, false
}
