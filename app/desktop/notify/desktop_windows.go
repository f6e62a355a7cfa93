package notify

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows/registry"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/tray"
	"github.com/authtray/authtray/assets"
)

func newDesk(o Options, to reporter) desk {
	to.setHealth(api.NotificationActions, "")
	d := &toasts{to: to, icon: o.IconFile, page: page{language: o.Language}, balloon: tray.Balloon, push: func(xml string) error { return pushToast(appName, xml) }}
	if err := keepIcon(o.IconFile); err != nil {
		o.Log.Info("the icon of notifications could not be kept", "err", err)
		d.icon = ""
	}
	if err := nameApplication(d.icon); err != nil {
		o.Log.Info("notifications may be shown without our name", "err", err)
	}
	return d
}

func keepIcon(path string) error {
	if path == "" {
		return errors.New("no place was given for it")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, assets.AppIcon, 0o600)
}

// nameApplication tells Windows whose toasts those of our application ID are.
func nameApplication(icon string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, `Software\Classes\AppUserModelId\`+appName, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	if icon != "" {
		err = key.SetStringValue("IconUri", icon)
	}
	return errors.Join(err, key.SetStringValue("DisplayName", appName))
}

// SwitchedOff says in a sentence that the user or a policy wants no notifications of
// ours; "" where they may be shown.
func SwitchedOff() string {
	const current = `Software\Microsoft\Windows\CurrentVersion\`
	for _, off := range []struct {
		key, value string
		means      uint64
	}{
		{current + "PushNotifications", "ToastEnabled", 0},
		{current + `Notifications\Settings\` + appName, "Enabled", 0},
		{`Software\Policies\Microsoft\Windows\CurrentVersion\PushNotifications`, "NoToastApplicationNotification", 1},
	} {
		key, err := registry.OpenKey(registry.CURRENT_USER, off.key, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		value, _, err := key.GetIntegerValue(off.value)
		key.Close()
		if err == nil && value == off.means {
			return switchedOffDetail
		}
	}
	return ""
}
