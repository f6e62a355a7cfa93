package window

import (
	"context"
	_ "embed"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/assets"
)

// settings is what the agent may do, and how it is.
type settings struct {
	u                                   *ui
	autostart, notifications, reminders *check
	health                              *fyne.Container
	quiet                               bool // the checks are being set, not changed
	round                               int  // of which question an answer is
}

func (u *ui) newSettings() *settings {
	s := &settings{u: u, health: spaced(10)}
	s.autostart = s.check(tr("Start Authtray when I log in"), func(on bool) api.SettingsPatch { return api.SettingsPatch{Autostart: &on} })
	s.notifications = s.check(tr("Notify me when a connection needs me"), func(on bool) api.SettingsPatch { return api.SettingsPatch{Notifications: &on} })
	s.reminders = s.check(tr("Remind me while it still does"), func(on bool) api.SettingsPatch { return api.SettingsPatch{Reminders: &on} })
	return s
}

func (s *settings) object() fyne.CanvasObject {
	scroll := page(640,
		card(tr("General"),
			container.New(flush{4, 6}, spaced(0, s.autostart, s.notifications, s.reminders)), caption(tr("Light or dark follows your desktop."))),
		card(tr("Health"), s.health),
		s.about())
	s.u.scrolls[viewSettings] = scroll
	return scroll
}

// check is a setting: what it changes is sent at once, and taken back if the
// agent refuses.
func (s *settings) check(text string, change func(bool) api.SettingsPatch) *check {
	c := s.u.check(text, nil)
	c.OnChanged = func(on bool) {
		if s.quiet {
			return
		}
		s.round++
		tell(s.u, func(ctx context.Context) error { return s.u.agent.Set(ctx, change(on)) }, func(err error) {
			if err != nil {
				s.u.sorry(err)
			}
			s.load()
		})
	}
	c.Disable()
	return c
}

// load asks the agent for everything this view shows.
func (s *settings) load() {
	s.round++
	round := s.round
	ask(s.u, s.u.agent.Settings, func(got api.SettingsPatch, err error) {
		if err == nil && s.round == round { // else it is older than what the user chose since
			s.set(got)
		}
	})
	if s.u.view != viewSettings {
		return
	}
	ask(s.u, s.u.agent.Health, func(h api.Health, err error) {
		if err != nil {
			s.showHealth([]api.Check{{Detail: explain(err)}})
			return
		}
		ask(s.u, s.u.agent.Doctor, func(checks []api.Check, err error) {
			if err != nil { // an agent without a doctor still knows this much
				checks = checksOf(h)
			}
			s.showHealth(checks)
		})
	})
}

func (s *settings) set(got api.SettingsPatch) {
	s.quiet = true
	for check, on := range map[*check]*bool{s.autostart: got.Autostart, s.notifications: got.Notifications, s.reminders: got.Reminders} {
		if on == nil {
			check.Disable() // this agent does not have it
			continue
		}
		check.Enable()
		check.SetChecked(*on)
	}
	if got.Notifications != nil && !*got.Notifications {
		s.reminders.Disable()
	}
	s.quiet = false
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

func storeCheck(store string) api.Check {
	switch store {
	case "keychain":
		return api.Check{OK: true, Detail: tr("Tokens are kept in the desktop's keychain.")}
	case "memory":
		return api.Check{Detail: tr("Tokens are kept in memory only: they are gone when the agent ends.")}
	case "file":
		return api.Check{OK: true, Detail: tr("Tokens are kept in an encrypted file.")}
	}
	return api.Check{OK: true, Detail: tr("Tokens are kept in: {{.Store}}", "Store", plain(store))}
}

func (s *settings) showHealth(checks []api.Check) {
	s.health.RemoveAll()
	for _, c := range checks {
		s.health.Add(checkRow(c))
	}
	s.health.Refresh()
}

func checkRow(c api.Check) fyne.CanvasObject {
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

var appIcon = fyne.NewStaticResource("authtray.png", assets.AppIcon)

// licences.txt has "module licence" a line for every module that can be in a
// binary, and "+work licence" for what comes inside one of them.
//
//go:embed licences.txt
var licences string

// about is the card at the end of the settings.
func (s *settings) about() fyne.CanvasObject {
	icon := canvas.NewImageFromResource(appIcon)
	icon.SetMinSize(fyne.NewSquareSize(48))
	name := newLine("Authtray " + s.u.version).bold()
	text := inLine(small(tr("Keeps your OAuth connections alive and hands the current token to your tools.")))
	show := s.u.button(tr("Licences"), nil, s.u.showLicences)
	return card("", container.NewBorder(nil, nil, container.NewCenter(icon), container.NewCenter(show), container.New(inset{12, 0}, middled(spaced(4, name, text)))))
}

// licensed is one line of the list of licences.
type licensed struct{ module, version, licence string }

// dependencies are the modules in this binary with their licences.
func dependencies() []licensed {
	known := map[string]string{}
	var out []licensed
	for l := range strings.Lines(licences) {
		module, licence, _ := strings.Cut(strings.TrimSpace(l), " ")
		if work, inside := strings.CutPrefix(module, "+"); inside {
			out = append(out, licensed{strings.ReplaceAll(work, "-", " "), "", licence})
		}
		known[module] = licence
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			out = append(out, licensed{m.Path, m.Version, known[m.Path]})
		}
	}
	slices.SortFunc(out, func(a, b licensed) int { return strings.Compare(strings.ToLower(a.module), strings.ToLower(b.module)) })
	return out
}

func (u *ui) showLicences() {
	all := dependencies()
	list := u.rows(func() int { return len(all) },
		func() fyne.CanvasObject { return newLicenceRow() },
		func(i int, o fyne.CanvasObject) { o.(*licenceRow).show(all[i]) })
	closer := u.button(tr("Close"), nil, u.dismiss).primary()
	body := container.New(inset{theme.InnerPadding(), 0}, spaced(6, caption(tr("Authtray stands on the work of these people.")), container.NewStack(space(560, 320), list)))
	u.modal(tr("Licences"), body, closer, closer)
}

type licenceRow struct {
	widget.BaseWidget
	module  *line
	licence *line
}

func newLicenceRow() *licenceRow {
	r := &licenceRow{module: newLine(""), licence: caption("").fixed()}
	r.ExtendBaseWidget(r)
	return r
}

func (r *licenceRow) show(l licensed) {
	r.module.set(l.module + " " + l.version)
	r.licence.set(l.licence)
	r.Refresh()
}

func (r *licenceRow) CreateRenderer() fyne.WidgetRenderer {
	room := container.NewBorder(nil, nil, nil, container.New(inset{8, 0}, r.licence), r.module) // the scroll bar lies over it
	return widget.NewSimpleRenderer(padded(4, room))
}
