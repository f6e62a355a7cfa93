package bench

import "strings"

// reasons say why a goal is missed, by how its name begins. "Not found" is one too.
// They are to be looked at again when a figure changes.
var reasons = []struct{ begins, why string }{
	{"authtray token beside an", "the request is 0.5×, of which a bare echo server in Go would leave 0.1×; before its first line it takes 0.1× to 0.4×, by machine, for its size: " +
		"100 page faults more than an empty program, among them 872 itabs that the run-time enters into its table"},
	{"authtray ", "100 page faults more than an empty program before its first line, for its size"},
	{"token over a new connection beside oidc-agent", "a Go program that only writes back what it was sent takes 1.0× to 1.05× oidc-agent's time, and bare net/http 1.2×: " +
		"most of it is the run-time's waiting on the socket, and the goal is below that"},
	{"token over a new connection beside bare", "1.0× where to wake a thread is dear, 1.3× where it is cheap; of the agent's time (perf) its handler is 10 %, the record of reads 5 %, " +
		"who is at the other end 4 %, and the run-time's monitor 15 %; with two processors it is 1.5×"},
	{"token over a new connection, p99", "the machine's: in the same tables bare net/http has 2.9× to 5.2×, a bare echo 3.0× and 5.4×, oidc-agent 5.3× and 7.0×"},
	{"token over a kept connection beside", "the record of reads and JSON of eleven members, beside a handler that writes bytes it was given"},
	{"token over a kept connection, p99", "the machine's: in the same tables bare net/http has 2.9× to 5.2×, a bare echo 3.0× and 5.4×, oidc-agent 5.3× and 7.0×"},
	{"tokens in a second to 1 client", "one client waits for each answer, so that it is the time of a new connection again: see there; bare net/http has 1.06× and 1.12× as many"},
	{"tokens in a second", "the clients take their share of two cores, and an agent answers with one"},
	{"wake-ups", "the run-time's monitor looks each minute, which is two; the agent looks at its folders each 20 minutes, which is some 30 at once"},
	{"D-Bus calls", "go-keyring's own: 5 to write (OpenSession, Get, Unlock, CreateItem, Close) and 7 to read back (Get, Unlock, SearchItems, OpenSession, Unlock, GetSecret, Close), " +
		"which is not left out because a keychain may say yes and keep nothing; ours are 6, so that it never prompts"},
	{"RSS for each", "13.3 kB on another machine; 9.2 kB live with its grant: client 1.1, machine 1.1, grant 1.1, its file as read and its maps 1.8, what the menu shows of it 0.5; " +
		"the rest are pages that hold little of what was read at the start (12.4 kB where five times as much is collected meanwhile, and a start takes 1.6× as long)"},
	{"start to a first token", "a connection's file, its entry, its sealed grant and its record are read and decoded one after the other on one processor"},
	{"MCP: RSS of a bridge at its peak", "11.5 and 11.6 MB on another machine, with the same program; what differs was not found"},
	{"MCP: latency", "0.7 to 1.1 ms in eight runs of an idle machine: a call passes one process more, and its token is asked of the agent"},
	{"soak: private memory", "what lives on the heap is less than after ten minutes (the profiles, compared, stand below); of 2.2 MB more, 1.2 are pages of the heap that hold " +
		"a little of what was there, 0.3 the profile itself and 0.2 stacks; when all is quiet 0.9 are left"},
	{"window: process to", "more than half of it is what the least window of Fyne takes, which stands below; ours draws a list, an icon and a menu more, and asks the agent first"},
}

func reason(what string) string {
	for _, r := range reasons {
		if strings.HasPrefix(what, r.begins) {
			return r.why
		}
	}
	return ""
}
