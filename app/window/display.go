package window

import "errors"

// errNoDisplay is told before Fyne is touched, which would panic.
var errNoDisplay = errors.New("there is no display to show a window on: set DISPLAY or WAYLAND_DISPLAY, or use `authtray status` and the other commands")

// errNoGraphics is told where there is a display on which Fyne cannot draw.
var errNoGraphics = errors.New("the window cannot be drawn: this display does not offer OpenGL 2.1, or does not answer; `authtray status` and the other commands work without it")

// checkDisplay looks where a window could be shown at all.
func checkDisplay(goos string, getenv func(string) string) error {
	switch goos {
	case "windows", "darwin":
		return nil
	}
	if getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "" {
		return errNoDisplay
	}
	return nil
}
