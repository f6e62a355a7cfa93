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
	if !ok || err != nil || !client.Addr().Is4() {
		return 0, false
	}
	at := inProc(client)
	mapped := "0000000000000000FFFF0000" + at // a program that speaks IPv4 through an IPv6 socket
	to := fmt.Sprintf(":%04X", server.Port)
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if uid, known := ownerIn(file, at, mapped, to); known {
			return uid, true
		}
	}
	return 0, false
}

// inProc writes an address as proc(5) does: the number as it is in memory.
func inProc(a netip.AddrPort) string {
	ip := a.Addr().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), a.Port())
}

// ownerIn looks for the line of the connection's other end. Its columns: number,
// local address, remote address, state, queues, timer, retransmits, uid.
func ownerIn(file, at, mapped, to string) (uid int, known bool) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		c := strings.Fields(lines.Text())
		if len(c) < 8 || c[1] != at && c[1] != mapped || !strings.HasSuffix(c[2], to) {
			continue
		}
		uid, err := strconv.Atoi(c[7])
		return uid, err == nil
	}
	return 0, false
}
