package assets

import _ "embed" // the icons

// The three shapes of the tray icon, as templates: macOS colours them as its menu bar needs.
var (
	//go:embed icons/tray-fine-template.png
	TrayFine []byte
	//go:embed icons/tray-working-template.png
	TrayWorking []byte
	//go:embed icons/tray-needs-you-template.png
	TrayNeedsYou []byte
)
