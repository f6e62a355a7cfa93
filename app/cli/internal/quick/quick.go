// Package quick answers the commands that tools run all the time before the rest of
// the program is set up: `token NAME`, `helper git get`, `helper docker get`, `helper
// kubectl NAME` and `status`; and `version`, which asks nobody. It is a shortcut only:
// it prints what the agent answers as it came, and whatever it cannot finish it leaves,
// with what the agent answered, to the ordinary command, which words every error.
//
// # Why
//
// Before main runs, Go initialises every package that is linked in: TLS, D-Bus,
// templates, XML, image formats. The language initialises packages in the order
// of their import paths as soon as their imports are ready, so a package with
// hardly an import of its own comes before nearly all of them. Four fifths of what an
// ordinary command takes more pass before main: it does not help to leave out the
// command line's library. In instructions (callgrind) and page faults, which no other
// program disturbs: 0.8 million and 265 to 295 here for each of the commands, 2.9 to
// 4.7 million and 585 to 652 for the ordinary ones. make bench says how long they take.
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
	stdin  []byte
}

// Taken returns the HTTP answer that the agent gave before main to what this process's
// own command asks, and whether it was asked at all. An empty answer to a question
// means that the agent gave none in time.
func Taken() (answer []byte, asked bool) { return taken.answer, taken.asked }

// Stdin is what was read of it before main.
func Stdin() []byte { return taken.stdin }
