//go:build !windows && !darwin

package assets

import _ "embed" // the icons

// The three shapes of the tray icon, as PNG: tray hosts on Linux take no SVG.
var (
	//go:embed icons/tray-fine.png
	TrayFine []byte
	//go:embed icons/tray-working.png
	TrayWorking []byte
	//go:embed icons/tray-needs-you.png
	TrayNeedsYou []byte
)
