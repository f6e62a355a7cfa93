package window

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/window/remote"
)

// checksOf makes of the agent's health what a doctor would say.
func checksOf(h remote.Health) []remote.Check {
	checks := []remote.Check{
		{OK: true, Detail: tr("The agent has been running for {{.Time}} (version {{.Version}}).", "Version", plain(h.Version), "Time", uptime(h.Uptime))},
		storeCheck(h.Store),
	}
	switch h.Tray {
	case "registered":
		checks = append(checks, remote.Check{OK: true, Detail: tr("The tray icon is shown.")})
	case "off":
		checks = append(checks, remote.Check{OK: true, Detail: tr("The tray icon is switched off.")})
	default:
		checks = append(checks, remote.Check{Detail: tr("This desktop shows no tray icons.")})
	}
	switch h.Notifications {
	case "actions":
		checks = append(checks, remote.Check{OK: true, Detail: tr("Notifications have a Reconnect button.")})
	case "plain":
		checks = append(checks, remote.Check{OK: true, Detail: tr("Notifications are shown, without a button.")})
	case "none":
		checks = append(checks, remote.Check{Detail: tr("This desktop shows no notifications.")})
	}
	if len(h.Notes) > 0 { // the agent's own words for what works less than it could
		checks = slices.DeleteFunc(checks, func(c remote.Check) bool { return !c.OK })
	}
	for _, note := range h.Notes {
		checks = append(checks, remote.Check{Detail: plain(note)})
	}
	return checks
}

func uptime(d string) string {
	up, err := time.ParseDuration(d)
	if err != nil {
		return plain(d)
	}
	return span(up)
}

func storeCheck(store string) remote.Check {
	switch store {
	case "keychain":
		return remote.Check{OK: true, Detail: tr("Tokens are kept in the desktop's keychain.")}
	case "memory":
		return remote.Check{Detail: tr("Tokens are kept in memory only: they are gone when the agent ends.")}
	case "file":
		return remote.Check{OK: true, Detail: tr("Tokens are kept in an encrypted file.")}
	}
	return remote.Check{OK: true, Detail: tr("Tokens are kept in: {{.Store}}", "Store", plain(store))}
}

func (s *settings) showHealth(checks []remote.Check) {
	s.health.RemoveAll()
	for _, c := range checks {
		s.health.Add(checkRow(c))
	}
	s.health.Refresh()
}

func checkRow(c remote.Check) fyne.CanvasObject {
	icon := canvas.NewImageFromResource(inColor(shapeAlert, theme.ColorNameWarning))
	if c.OK {
		icon.Resource = inColor(shapeFine, theme.ColorNameSuccess)
	}
	icon.SetMinSize(fyne.NewSquareSize(18))
	text := plain(c.Detail)
	if hint := plain(c.Hint); hint != "" {
		text += "\n" + hint
	}
	words := paragraph(text)
	return container.NewBorder(nil, nil, container.NewVBox(space(1, 1), icon), nil, container.New(inset{6, 0}, inLine(words)))
}
