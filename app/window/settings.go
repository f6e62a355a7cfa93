package window

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/authtray/authtray/app/window/remote"
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
	s.autostart = s.check(tr("Start Authtray when I log in"), func(on bool) remote.Settings { return remote.Settings{Autostart: &on} })
	s.notifications = s.check(tr("Notify me when a connection needs me"), func(on bool) remote.Settings { return remote.Settings{Notifications: &on} })
	s.reminders = s.check(tr("Remind me while it still does"), func(on bool) remote.Settings { return remote.Settings{Reminders: &on} })
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
func (s *settings) check(text string, change func(bool) remote.Settings) *check {
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
	ask(s.u, s.u.agent.Settings, func(got remote.Settings, err error) {
		if err == nil && s.round == round { // else it is older than what the user chose since
			s.set(got)
		}
	})
	if s.u.view != viewSettings {
		return
	}
	ask(s.u, s.u.agent.Health, func(h remote.Health, err error) {
		if err != nil {
			s.showHealth([]remote.Check{{Detail: explain(err)}})
			return
		}
		ask(s.u, s.u.agent.Doctor, func(checks []remote.Check, err error) {
			if err != nil { // an agent without a doctor still knows this much
				checks = checksOf(h)
			}
			s.showHealth(checks)
		})
	})
}

func (s *settings) set(got remote.Settings) {
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
