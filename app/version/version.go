// Package version is what this program was built of. It imports nothing that needs
// setting up, so that `authtray version` is answered before the rest of the program is.
package version

import "runtime"

// These are set by the linker: -ldflags "-X github.com/authtray/authtray/app/version.Number=1.2.3 …".
// What it was not told is read from what the go command recorded.
var Number, Commit, Date string

var hasWindow bool

// Build is what a program was built of. What is not known is empty.
type Build struct{ Version, Commit, Date string }

// Linked is what the linker was told.
func Linked() Build { return Build{Version: Number, Commit: Commit, Date: Date} }

// Text is what `authtray version` prints: a line about the program, and one about the
// commit where that is known.
func (b Build) Text() string {
	carries := "without window"
	if hasWindow {
		carries = "with window"
	}
	text := "authtray " + b.Version + " (" + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ", " + carries + ")\n"
	if b.Commit == "" {
		return text
	}
	day := b.Date
	if day == "" {
		day = "an unknown day"
	}
	return text + "commit " + b.Commit + " of " + day + "\n"
}
