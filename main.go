// Authtray keeps a developer's OAuth connections alive and serves the current
// access token to local tools. See package app for what it is made of; cgo
// builds add the window (window.go).
package main

import (
	"os"

	"github.com/authtray/authtray/app"
)

// These are set by the linker: -ldflags "-X main.version=1.2.3 …". What it was not
// told is read from what the go command recorded.
var version, commit, date string

func main() { os.Exit(app.Main(app.Built(version, commit, date))) }
