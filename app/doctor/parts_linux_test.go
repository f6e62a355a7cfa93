package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHintsAreOfTheDesktop has no program of any desktop in PATH, so that each hint
// names a package; what is installed is started instead.
func TestHintsAreOfTheDesktop(t *testing.T) {
	bin := t.TempDir()
	for _, program := range []string{"apt-get", "waybar"} {
		if err := os.WriteFile(filepath.Join(bin, program), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	for _, c := range []struct{ desktop, env, tray, notices, keychain string }{
		{"KDE", "KDE_SESSION_VERSION=6", "plasma-workspace", "plasma-workspace", "kwalletmanager"},
		{"XFCE", "", "xfce4-panel", "xfce4-notifyd", "gnome-keyring"},
		{"LXQt", "", "lxqt-panel", "lxqt-notificationd", "gnome-keyring"},
		{"MATE", "", "mate-panel", "mate-notification-daemon", "gnome-keyring"},
		{"sway", "", "waybar &", "mako-notifier", "gnome-keyring"},
		{"", "WAYLAND_DISPLAY=wayland-1", "waybar &", "mako-notifier", "gnome-keyring"},
		{"", "", "xfce4-panel", "dunst", "gnome-keyring"},
		{"i3", "", "xfce4-panel", "dunst", "gnome-keyring"},
		{"ubuntu:GNOME", "", "", "gnome-shell", "gnome-keyring"},
	} {
		t.Run(c.desktop+c.env, func(t *testing.T) {
			name, value, _ := strings.Cut(c.env, "=")
			d := here(func(asked string) string {
				switch asked {
				case "XDG_CURRENT_DESKTOP":
					return c.desktop
				case name:
					return value
				}
				return ""
			})
			for want, part := range map[string]part{c.tray: d.tray, c.notices: d.notices, c.keychain: d.keychain} {
				if got := part.hint(); !strings.Contains(got, want) {
					t.Errorf("%q, not %q", got, want)
				}
			}
			if d.isGNOME() != (c.tray == "") {
				t.Error("GNOME or not")
			}
		})
	}
}

// Plasma 6 has one of two daemons, by the version of KDE's libraries.
func TestHintOfPlasmasKeychainIsTheDaemonThatIsThere(t *testing.T) {
	for _, c := range []struct {
		version string
		there   []string
		want    string
	}{
		{"5", []string{"kwalletd5"}, "kwalletd5 &"},
		{"6", []string{"kwalletd6"}, "kwalletd6 &"},
		{"6", []string{"kwalletd6", "ksecretd"}, "ksecretd &"},
	} {
		t.Run(c.want, func(t *testing.T) {
			bin := t.TempDir()
			for _, program := range c.there {
				if err := os.WriteFile(filepath.Join(bin, program), nil, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("PATH", bin)
			d := here(func(asked string) string {
				return map[string]string{"XDG_CURRENT_DESKTOP": "KDE", "KDE_SESSION_VERSION": c.version}[asked]
			})
			if got := d.keychain.hint(); got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

func TestGNOMEsTrayIsAnExtensionOfOneOfTwoNames(t *testing.T) {
	empty, debian, upstream := t.TempDir(), t.TempDir(), t.TempDir()
	for dir, id := range map[string]string{debian: appIndicators[0], upstream: appIndicators[1]} {
		if err := os.Mkdir(filepath.Join(dir, id), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		dirs    []string
		wayland bool
		hint    string
		relogin bool
	}{
		{"Debian's", []string{empty, debian}, false, "gnome-extensions enable ubuntu-appindicators@ubuntu.com", false},
		{"its authors'", []string{upstream}, true, "gnome-extensions enable appindicatorsupport@rgcjonas.gmail.com", true},
		{"none", []string{empty}, true, "gnome-shell-extension-appindicator", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			hint, detail := gnomeTray(c.dirs, c.wayland)
			if !strings.HasSuffix(hint, c.hint) || strings.Contains(detail, "Log out") != c.relogin {
				t.Errorf("%q: %s", hint, detail)
			}
		})
	}
}

func TestTrayHostOfTheOldKindIsNamed(t *testing.T) {
	proc := t.TempDir()
	for pid, name := range map[string]string{"7": "bash", "12": "polybar", "self": "trayer"} {
		if err := os.Mkdir(filepath.Join(proc, pid), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "comm"), []byte(name+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := oldTray(proc); got != "polybar" {
		t.Errorf("found %q", got)
	}
	if got := oldTray(t.TempDir()); got != "" {
		t.Errorf("found %q where there is none", got)
	}
}
