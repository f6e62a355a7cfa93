package window

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens/store"
)

// health is what the agent finds when it looks at everything that it stands on:
// what is wrong first, each with what fixes it, and what is fine folded away.
type health struct {
	u      *ui
	box    *fyne.Container
	checks []api.Check
	folded bool
}

func (u *ui) newHealth() *health {
	return &health{u: u, folded: true, box: spaced(12, caption(tr("The agent is asked…")))}
}

func (h *health) show(checks []api.Check) {
	h.checks = checks
	h.draw()
}

func (h *health) draw() {
	var wrong, fine []api.Check
	for _, c := range h.checks {
		if c.OK {
			fine = append(fine, c)
		} else {
			wrong = append(wrong, c)
		}
	}
	h.box.RemoveAll()
	if len(wrong) > 0 {
		h.box.Add(newLine(trn("{{.Count}} things need attention", len(wrong))).bold())
	} else {
		h.box.Add(newLine(tr("Everything is fine.")))
	}
	for _, c := range wrong {
		h.box.Add(h.row(c))
	}
	if len(fine) > 0 {
		icon := theme.MenuDropDownIcon()
		if !h.folded {
			icon = theme.MenuDropUpIcon()
		}
		h.box.Add(container.NewHBox(h.u.button(trn("{{.Count}} checks are fine", len(fine)), icon, h.fold).low()))
	}
	for _, c := range fine {
		if !h.folded {
			h.box.Add(h.row(c))
		}
	}
	h.box.Refresh()
}

func (h *health) fold() {
	h.folded = !h.folded
	h.draw()
}

// connectionOf is which connection a check is about; "" for none.
func connectionOf(c api.Check) string {
	name, is := strings.CutPrefix(c.ID, "connection ")
	if !is {
		return ""
	}
	return name
}

func (h *health) row(c api.Check) fyne.CanvasObject {
	icon := canvas.NewImageFromResource(inColor(shapeAlert, theme.ColorNameWarning))
	if c.OK {
		icon.Resource = inColor(shapeFine, theme.ColorNameSuccess)
	}
	icon.SetMinSize(fyne.NewSquareSize(18))
	detail := foreign(c.Detail)
	if s, known := h.u.model.all[connectionOf(c)]; known && c.Detail == s.Detail {
		detail = statusSentence(s) // is in more languages
	}
	if name := connectionOf(c); name != "" {
		detail = plain(name) + ": " + detail
	}
	body := spaced(6, inLine(paragraph(detail)))
	if fix := h.fix(c); !c.OK && fix != nil {
		body.Add(fix)
	}
	return container.NewBorder(nil, nil, container.NewVBox(space(1, 1), icon), nil, container.New(inset{6, 0}, body))
}

// fix is the buttons that lead on from what is wrong, or the command that does.
func (h *health) fix(c api.Check) fyne.CanvasObject {
	u := h.u
	row := flowed()
	if s, ok := u.model.all[connectionOf(c)]; ok {
		if button := offer(s); button != "" {
			row.Add(u.button(button, nil, func() { u.offer(s) }))
		}
		row.Add(u.button(tr("Show the connection"), nil, func() { u.visit(s.Name) }).low())
		return row
	}
	if hint := plain(c.Hint); hint != "" {
		return u.command(hint)
	}
	return nil
}

// checksOf makes of the agent's health what a doctor would say.
func checksOf(h api.Health) []api.Check {
	checks := []api.Check{
		{OK: true, Detail: tr("The agent has been running for {{.Time}} (version {{.Version}}).", "Version", plain(h.Version), "Time", uptime(h.Uptime))},
		storeCheck(h.Store),
	}
	switch h.Tray {
	case "registered":
		checks = append(checks, api.Check{OK: true, Detail: tr("The tray icon is shown.")})
	case "off":
		checks = append(checks, api.Check{OK: true, Detail: tr("The tray icon is switched off.")})
	default:
		checks = append(checks, api.Check{Detail: tr("This desktop shows no tray icons.")})
	}
	switch h.Notifications {
	case "actions":
		checks = append(checks, api.Check{OK: true, Detail: tr("Notifications have a Reconnect button.")})
	case "plain":
		checks = append(checks, api.Check{OK: true, Detail: tr("Notifications are shown, without a button.")})
	case "none":
		checks = append(checks, api.Check{Detail: tr("This desktop shows no notifications.")})
	}
	if len(h.Notes) > 0 { // the agent's own words for what works less than it could
		checks = slices.DeleteFunc(checks, func(c api.Check) bool { return !c.OK })
	}
	for _, note := range h.Notes {
		checks = append(checks, api.Check{Detail: plain(note)})
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

func storeCheck(kind store.Kind) api.Check {
	switch kind {
	case store.KindKeychain:
		return api.Check{OK: true, Detail: tr("Tokens are kept in the desktop's keychain.")}
	case store.KindMemory:
		return api.Check{Detail: tr("Tokens are kept in memory only: they are gone when the agent ends.")}
	case store.KindFile:
		return api.Check{OK: true, Detail: tr("Tokens are kept in an encrypted file.")}
	}
	return api.Check{OK: true, Detail: tr("Tokens are kept in: {{.Store}}", "Store", plain(string(kind)))}
}
