package assets

import _ "embed" // the icons

// The three shapes of the tray icon, as ICO: systray hands the file to LoadImage.
var (
	//go:embed icons/tray-fine.ico
	TrayFine []byte
	//go:embed icons/tray-working.ico
	TrayWorking []byte
	//go:embed icons/tray-needs-you.ico
	TrayNeedsYou []byte
)
