// Package doctor looks at everything that Authtray stands on, and says of what
// is amiss how to mend it.
//
//	doctor.go      Examine: all checks at once, in the order in which they are shown
//	keychain.go    a probe item is written, read and deleted
//	desktop_*.go   bus, notification server, tray host
//	machine.go     browser, loopback, clock
//	socket_*.go    the socket and its folder
//	files.go       settings, connections and provider entries
//	reach.go       each connection's provider
//	hints.go       commands that mend
//
// To add a check, write a function that returns one and name it in Examine.
//
// A check changes nothing but a probe item in the keychain, which it removes,
// and sends no token. It says what a person can do, and the hint is the command
// for it. Whoever asks bounds the time.
package doctor
