// Authtray keeps a developer's OAuth connections alive and serves the current
// access token to local tools. See package app for what it is made of; cgo
// builds add the window (window.go).
package main

import (
	"os"

	"github.com/authtray/authtray/app"
)

func main() { os.Exit(app.Main(app.Built())) }
