//go:build ci && !cgo && !darwin

package window

import (
	"time"

	"fyne.io/fyne/v2"
)

// screenSize: without cgo there is no screen.
func screenSize() fyne.Size { return fyne.Size{} }

func waitForEvents(time.Duration) {}
func endWait()                    {}
