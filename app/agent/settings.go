package agent

import (
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
)

// Settings implements api.Agent.
func (a *Agent) Settings() api.Settings {
	a.files.mu.Lock()
	s := a.files.settings
	a.files.mu.Unlock()
	return api.Settings{Notifications: s.Notifications, Reminders: s.Reminders, Autostart: a.autostart()}
}

func (a *Agent) autostart() bool {
	if a.opts.Autostart == nil {
		return false
	}
	on, err := a.opts.Autostart.On()
	if err != nil {
		a.log.Warn("it is not known whether Authtray starts at login", "err", err)
	}
	return on
}

// PatchSettings implements api.Agent.
func (a *Agent) PatchSettings(p api.SettingsPatch) (api.Settings, error) {
	if err := a.setAutostart(p.Autostart); err != nil {
		return api.Settings{}, err
	}
	if err := a.writeSettings(p); err != nil {
		return api.Settings{}, err
	}
	a.files.reload()
	return a.Settings(), nil
}

func (a *Agent) setAutostart(on *bool) error {
	switch {
	case on == nil:
		return nil
	case a.opts.Autostart == nil:
		return asError(errNoAutostart, codeFailed, sentence(errNoAutostart), "")
	}
	if err := a.opts.Autostart.Set(*on); err != nil {
		return asError(err, codeFailed, sentence(err), "authtray doctor")
	}
	if a.opts.Tray != nil {
		a.opts.Tray.SetAutostart(*on)
	}
	return nil
}

func (a *Agent) writeSettings(p api.SettingsPatch) error {
	if p.Notifications == nil && p.Reminders == nil {
		return nil
	}
	a.files.reading.Lock()
	defer a.files.reading.Unlock()
	path := a.opts.Paths.Settings()
	s, err := config.ReadSettings(path)
	if err == nil {
		s.Notifications = or(p.Notifications, s.Notifications)
		s.Reminders = or(p.Reminders, s.Reminders)
		err = config.WriteSettings(path, s)
	}
	if err != nil {
		return asError(err, codeFailed, "The settings cannot be written: "+sentence(err), "")
	}
	return nil
}

func or(p *bool, otherwise bool) bool {
	if p != nil {
		return *p
	}
	return otherwise
}
