package tray

import "fyne.io/systray"

// prepare sets what must be there when systray puts the icon on the bus. The
// title becomes the item's Id, without which some hosts crash.
func prepare(v view) {
	setIcon(v.shape)
	systray.SetTitle("Authtray")
	systray.SetTooltip(v.tooltip)
}
