package notify

import (
	"testing"

	"golang.org/x/sys/windows/registry"
)

func TestSwitchedOffFollowsWindowsSettings(t *testing.T) {
	if off := SwitchedOff(); off != "" {
		t.Skip("notifications are switched off here")
	}
	const key = `Software\Microsoft\Windows\CurrentVersion\Notifications\Settings\` + appName
	settings, existed, err := registry.CreateKey(registry.CURRENT_USER, key, registry.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer settings.Close()
	t.Cleanup(func() {
		settings.DeleteValue("Enabled")
		if !existed {
			registry.DeleteKey(registry.CURRENT_USER, key)
		}
	})
	if err := settings.SetDWordValue("Enabled", 0); err != nil {
		t.Fatal(err)
	}
	n := New(Options{})
	defer n.Close()
	if state, detail := n.Health(); state != "none" || detail != switchedOffDetail || SwitchedOff() != switchedOffDetail {
		t.Errorf("switched off: %s, %q", state, detail)
	}
	if err := settings.SetDWordValue("Enabled", 1); err != nil {
		t.Fatal(err)
	}
	if off := SwitchedOff(); off != "" {
		t.Errorf("switched on: %q", off)
	}
}
