// Package browser holds the one function that opens URLs.
//
// A URL comes, in part, from a provider. So only https URLs and http URLs to a
// loopback literal are opened, no shell sees them, and the program that opens
// them inherits nothing of ours that could hold a secret. Nor is there a secret on
// its command line, which every user may read: it is told an address of ours that
// leads to the URL.
//
//	browser.go    Open, and what it accepts
//	environ.go    what the child inherits
//	hidden.go     that address, for URLs that hold more than where something is
//	caller_*.go   which user comes there
//	launch.go     running a program that opens it
//	open_*.go     how each system opens a URL
package browser
