package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/authtray/authtray/app/api"
)

// settings is what the agent may do, and how it is.
type settings struct {
	u                                   *ui
	autostart, notifications, reminders *check
	store                               *widget.Label
	health                              *health
	quiet                               bool // the checks are being set, not changed
	round                               int  // of which question an answer is
}

func (u *ui) newSettings() *settings {
	s := &settings{u: u, health: u.newHealth(), store: paragraph(tr("The agent is asked…"))}
	s.autostart = s.check(tr("Start Authtray when I log in"), func(on bool) api.SettingsPatch { return api.SettingsPatch{Autostart: &on} })
	s.notifications = s.check(tr("Notify me when a connection needs me"), func(on bool) api.SettingsPatch { return api.SettingsPatch{Notifications: &on} })
	s.reminders = s.check(tr("Remind me every day until it is fixed"), func(on bool) api.SettingsPatch { return api.SettingsPatch{Reminders: &on} })
	return s
}

func (s *settings) object() fyne.CanvasObject {
	scroll := page(640,
		card(tr("General"),
			container.New(flush{4, 6}, spaced(0, s.autostart, s.notifications, container.New(layout.NewCustomPaddedLayout(0, 0, 28, 0), s.reminders))),
			caption(tr("Light or dark follows your desktop."))),
		card(tr("Storage"), s.storage()),
		card(tr("Health"), s.health.box),
		s.about())
	s.u.scrolls[viewSettings] = scroll
	return scroll
}

// storage says where tokens and settings are.
func (s *settings) storage() fyne.CanvasObject {
	path := newLine(plain(s.u.config))
	path.style.Monospace = true
	open := s.u.button(tr("Open the folder"), theme.FolderOpenIcon(), func() {
		tell(s.u, func(context.Context) error { return s.u.out.folder(s.u.config) }, func(err error) {
			if err != nil {
				s.u.sorry(err)
			}
		})
	})
	return spaced(8, inLine(s.store), inLine(small(tr("Settings and connections, without tokens and secrets, are files in this folder:"))),
		container.NewBorder(nil, nil, nil, open, middled(path)))
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
			s.health.show([]api.Check{{Detail: explain(err)}})
			return
		}
		s.store.SetText(storeCheck(h.Store).Detail)
		ask(s.u, s.u.agent.Doctor, func(checks []api.Check, err error) {
			if err != nil { // an agent without a doctor still knows this much
				checks = checksOf(h)
			}
			s.health.show(checks)
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
