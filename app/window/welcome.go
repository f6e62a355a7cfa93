package window

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// newWelcome is what stands where there is no connection yet.
func (u *ui) newWelcome() fyne.CanvasObject {
	icon := canvas.NewImageFromResource(appIcon)
	icon.SetMinSize(fyne.NewSquareSize(88))
	text := paragraph(tr("Connect an account once, and your tools always have a token that works."))
	text.Alignment = fyne.TextAlignCenter
	add := u.button(tr("Add a connection"), theme.ContentAddIcon(), u.add).primary()
	body := spaced(14, container.NewCenter(icon), text, container.NewCenter(add))
	return container.NewStack(newPlane(theme.ColorNameBackground), container.New(column{420}, middled(body)))
}

func (u *ui) showWelcome(on bool) {
	if on == u.welcome.Visible() {
		return
	}
	if u.welcome.Hide(); on {
		u.welcome.Show()
		if u.list.filtering() {
			u.focus(nil)
		}
	}
	u.panes.Hidden = on
	u.views[viewConnections].Refresh()
}
