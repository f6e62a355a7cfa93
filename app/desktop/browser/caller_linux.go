package browser

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/authtray/authtray/providers/connlimit"
)

// callerOf is the user whose program made the connection that a request came on.
// False where the kernel does not know it: see connlimit.Owner. A connection that was
// closed, by whomever, belongs to nobody.
func callerOf(r *http.Request) (uid int, known bool) {
	server, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if !ok || err != nil {
		return 0, false
	}
	return connlimit.Owner(client, server.AddrPort())
}
