package window

import (
	"runtime"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
)

// footFor is how long a sentence stands at the foot of the window.
const footFor = 10 * time.Second

// shortcut is a key that works wherever the focus is.
type shortcut struct {
	key  fyne.KeyName
	mod  fyne.KeyModifier
	keys string // as people write it
	does func() string
	do   func(u *ui)
}

const ctrl = fyne.KeyModifierShortcutDefault

var shortcuts = []shortcut{
	{fyne.KeyN, ctrl, "Ctrl+N", func() string { return tr("Add a connection") }, (*ui).add},
	{fyne.KeyF, ctrl, "Ctrl+F", func() string { return tr("Filter, or search") }, (*ui).find},
	{fyne.Key1, ctrl, "Ctrl+1", func() string { return tr("Connections") }, func(u *ui) { u.show(viewConnections) }},
	{fyne.Key2, ctrl, "Ctrl+2", func() string { return tr("Activity") }, func(u *ui) { u.show(viewActivity) }},
	{fyne.Key3, ctrl, "Ctrl+3", func() string { return tr("Settings") }, func(u *ui) { u.show(viewSettings) }},
	{fyne.KeyR, ctrl, "Ctrl+R", func() string { return tr("Refresh the selected connection") }, func(u *ui) { u.selected(u.refreshToken) }},
	{fyne.KeyT, ctrl, "Ctrl+T", func() string { return tr("Copy the selected connection's token") }, func(u *ui) { u.selected(u.copyToken) }},
	{fyne.KeyE, ctrl, "Ctrl+E", func() string { return tr("Edit the selected connection") }, func(u *ui) { u.selected(u.editConnection) }},
	{fyne.KeyW, ctrl, "Ctrl+W", func() string { return tr("Close the window") }, func(u *ui) { u.win.Close() }},
}

// keysOnly are listed with the shortcuts, and work by the focus.
func keysOnly() []string {
	return []string{
		tr("Up, Down"), tr("Choose a connection"),
		tr("Enter"), tr("Do what the connection needs"),
		tr("Tab"), tr("Go to the next field or button"),
		tr("Esc"), tr("Go back, or cancel"),
		"F1", tr("Show this list"),
	}
}

// asWritten names the key that this system's shortcuts use.
func asWritten(keys string) string {
	if runtime.GOOS == "darwin" {
		return strings.Replace(keys, "Ctrl", "Cmd", 1)
	}
	return keys
}

func (u *ui) shortcuts() {
	for _, s := range shortcuts {
		u.win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: s.key, Modifier: s.mod}, func(fyne.Shortcut) { s.do(u) })
	}
	u.win.Canvas().SetOnTypedKey(u.typed)
}

// shortcut does what a key combination stands for, and reports whether it is
// one of the window's.
func (u *ui) shortcut(pressed *desktop.CustomShortcut) bool {
	for _, s := range shortcuts {
		if s.key == pressed.KeyName && s.mod == pressed.Modifier {
			s.do(u)
			return true
		}
	}
	return false
}

// typed gets the keys that no widget has the focus for.
func (u *ui) typed(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyF1:
		u.help()
	case fyne.KeyEscape:
		u.back()
	}
}

// selected does something with the selected connection, where one can be seen.
func (u *ui) selected(do func(name string)) {
	if u.view == viewConnections && u.dialog == nil && u.list.selected != "" {
		do(u.list.selected)
	}
}

func (u *ui) find() {
	switch u.view {
	case viewActivity:
		u.focus(u.activity.filter)
	case viewPick:
		u.focus(u.pick.search)
	default:
		u.show(viewConnections)
		u.list.top.Show()
		u.focus(u.list.filter)
	}
}

// help lists the shortcuts.
func (u *ui) help() {
	grid := container.New(layout.NewFormLayout())
	add := func(keys, does string) {
		l := newLine(keys).fixed().bold()
		l.room = 12
		grid.Add(l)
		grid.Add(newLine(does))
	}
	for _, s := range shortcuts {
		add(asWritten(s.keys), s.does())
	}
	for k := keysOnly(); len(k) > 1; k = k[2:] {
		add(k[0], k[1])
	}
	closer := u.button(tr("Close"), nil, u.dismiss).primary()
	u.modal(tr("Shortcuts"), container.New(inset{theme.InnerPadding(), 4}, grid), closer, closer)
}
