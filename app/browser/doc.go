// Package browser holds the one function that opens URLs.
//
// A URL comes, in part, from a provider. So only https URLs and http URLs to a
// loopback literal are opened, no shell sees them, and the program that opens
// them inherits nothing of ours that could hold a secret.
//
//	browser.go    Open, and what it accepts
//	environ.go    what the child inherits
//	launch.go     running a program that opens it
//	open_*.go     how each system opens a URL
package browser
