package bench

import "strings"

// reasons say why a goal is missed, by how its name begins. "Not found" is one too.
// They are to be looked at again when a figure changes.
var reasons = []struct{ begins, why string }{
	{"authtray token beside an", "the same request by a C program takes 1.05× an empty Go program; this one takes 0.5× before its first line, for its size: " +
		"100 page faults more than an empty program, among them 872 itabs that the run-time enters into its table"},
	{"authtray ", "before main 330 page faults more than an empty program, with packages of others that are linked: encoding/gob and jsonschema (MCP SDK), " +
		"encoding/xml (D-Bus), net/http, cpuid (a trap in a virtual machine); then the command line's library and net/http's client. " +
		"A client program of its own, without the agent, would be needed for more"},
	{"token over a new connection beside", "beside what bare net/http does: the caller's uid, limits by user and by connection, a line in the record of reads, JSON of eleven members"},
	{"token over a new connection, p99", "not found; bare net/http has the same on this machine"},
	{"token over a kept connection beside", "the record of reads and JSON of eleven members, beside a handler that writes bytes it was given"},
	{"token over a kept connection, p99", "not found; bare net/http has the same on this machine"},
	{"tokens in a second", "not found; between 0.71× and 2.02× oidc-agent, 0.63× and 1.37× with 8 clients and 0.78× and 1.58× with 64 within an hour, as other programs used both cores"},
	{"wake-ups", "not found; measured for a minute on a machine that others keep busy, where 0 in 35 s were seen while it was idle"},
	{"private memory", "not found"},
	{"start to a first token", "not found; measured while forty processes waited for two cores, and 0.98 ms for each of 1000 at another time"},
	{"D-Bus calls", "go-keyring's own: 5 to write (OpenSession, Get, Unlock, CreateItem, Close) and 7 to read back (Get, Unlock, SearchItems, OpenSession, Unlock, GetSecret, Close), " +
		"which is not left out because a keychain may say yes and keep nothing; ours are 6, so that it never prompts"},
	{"RSS for each", "10.6 kB live without a grant: entry, client and machine, with the entry in two copies and its maps; half of that again is room for the collector (GOGC=50). " +
		"What the rest is was not found"},
	{"window: process to", "not found; measured while forty processes waited for two cores, and 0.41 to 0.97 s at other times"},
	{"window: processor", "not found"},
	{"MCP: latency", "a call passes one process more, and its token is asked of the agent, which takes 0.37 ms of it on a busy machine; a connection without net/http's goroutines was no faster"},
	{"MCP: RSS", "private memory is 4 MB; the rest are pages of the program's file that a call has touched, which the system drops when it needs memory"},
}

func reason(what string) string {
	for _, r := range reasons {
		if strings.HasPrefix(what, r.begins) {
			return r.why
		}
	}
	return ""
}
