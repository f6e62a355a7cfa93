// Package quick answers `authtray token NAME` before the rest of the program is
// set up. It is a shortcut only: whatever it cannot finish it leaves, with what
// the agent answered, to the ordinary command, which words every error.
//
// # Why
//
// Before main runs, Go initialises every package that is linked in: TLS, D-Bus,
// templates, XML, image formats. The language initialises packages in the order
// of their import paths as soon as their imports are ready, so a package with
// hardly an import of its own comes before nearly all of them. Median wall time
// of the process on two busy cores, as make bench measures it:
//
//	/bin/true                                  0.89 ms
//	oidc-token (C), against its agent          1.69 ms
//	this shortcut                              1.68 ms
//	the ordinary command (--format json)       4.19 ms
//
// Of what lies between the last two, four fifths pass before main: it does not
// help to leave out the command line's library.
//
// # What it may import
//
// Only packages that need no set-up to speak of: the test in this folder holds
// the list. No os, so the arguments are read from /proc; no net, so the socket
// is spoken to by system calls; no strings, time or fmt.
package quick

// taken is what happened before main.
var taken struct {
	asked  bool
	answer []byte
}

// Taken returns the HTTP answer that the agent gave before main to this
// process's own `token` command, and whether it was asked at all. An empty
// answer to a question means that the agent gave none in time.
func Taken() (answer []byte, asked bool) { return taken.answer, taken.asked }
