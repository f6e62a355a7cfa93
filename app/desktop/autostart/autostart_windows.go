package autostart

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

func (e Entry) write() error {
	if e.Profile != "" {
		return fmt.Errorf("on Windows start at login works for the default profile only, since an entry there cannot set AUTHTRAY_PROFILE: make a shortcut in the Startup folder instead")
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("start at login could not be turned on: %w", err)
	}
	defer key.Close()
	if err := key.SetStringValue(e.id(), e.commandLine()); err != nil {
		return fmt.Errorf("start at login could not be turned on: %w", err)
	}
	return nil
}

func (e Entry) remove() error {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err == nil {
		defer key.Close()
		err = key.DeleteValue(e.id())
	}
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return fmt.Errorf("start at login could not be turned off: %w", err)
	}
	return nil
}

func (e Entry) read() (entry, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if err == nil {
		defer key.Close()
		var value string
		if value, _, err = key.GetStringValue(e.id()); err == nil {
			return readCommandLine(value), nil
		}
	}
	if errors.Is(err, registry.ErrNotExist) {
		return entry{}, nil
	}
	return entry{}, fmt.Errorf("whether start at login is on cannot be read: %w", err)
}
