//go:build cgo

package window

import (
	"time"

	"fyne.io/fyne/v2"
	"github.com/go-gl/glfw/v3.4/glfw"
)

// screenSize is how large the screen is, in pixels; zero where that is not known.
// Fyne does not tell. It must be called while the window is open, on its goroutine.
func screenSize() fyne.Size {
	monitor := glfw.GetPrimaryMonitor()
	if monitor == nil {
		return fyne.Size{}
	}
	_, _, width, height := monitor.GetWorkarea()
	return fyne.NewSize(float32(width), float32(height))
}

// waitForEvents handles the events that there are, or the first that come within d. It
// must be called while the window is open, on its goroutine.
func waitForEvents(d time.Duration) { glfw.WaitEventsTimeout(d.Seconds()) }

// endWait ends waitForEvents on any goroutine.
func endWait() { glfw.PostEmptyEvent() }
