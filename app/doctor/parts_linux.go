package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// part is a program of a desktop that Authtray stands on, the command that starts
// it, and the package that it comes in: Debian's name, which others share.
type part struct{ program, command, pkg string }

// desktopParts is what a desktop has for tray icons, notifications and secrets.
type desktopParts struct {
	names                   []string // in XDG_CURRENT_DESKTOP, in lower case
	tray, notices, keychain part
}

var (
	gnomeKeyring = part{"gnome-keyring-daemon", "gnome-keyring-daemon --start --components=secrets", "gnome-keyring"}
	kwallet5     = part{"kwalletd5", "kwalletd5 &", "kwalletmanager"}
	kwallet6     = part{"kwalletd6", "kwalletd6 &", "kwalletmanager"}
	ksecrets     = part{"ksecretd", "ksecretd &", "kwalletmanager"} // since KDE Frameworks 6.13
	plasma       = part{"plasmashell", "plasmashell --replace &", "plasma-workspace"}
	waybar       = part{"waybar", "waybar &", "waybar"}
	mako         = part{"mako", "mako &", "mako-notifier"}
	dunst        = part{"dunst", "dunst &", "dunst"}
	xfcePanel    = part{"xfce4-panel", "xfce4-panel &", "xfce4-panel"}
)

// desktops are those that have parts of their own. GNOME's tray is an extension:
// see gnomeTray.
var desktops = []desktopParts{
	{[]string{"gnome", "gnome-classic", "ubuntu"}, part{}, part{"gnome-shell", "gnome-shell --replace &", "gnome-shell"}, gnomeKeyring},
	{[]string{"kde"}, plasma, plasma, kwallet5},
	{[]string{"xfce"}, xfcePanel, part{"xfce4-notifyd-config", "systemctl --user start xfce4-notifyd", "xfce4-notifyd"}, gnomeKeyring},
	{[]string{"lxqt"}, part{"lxqt-panel", "lxqt-panel &", "lxqt-panel"}, part{"lxqt-notificationd", "lxqt-notificationd &", "lxqt-notificationd"}, gnomeKeyring},
	{[]string{"mate"}, part{"mate-panel", "mate-panel &", "mate-panel"},
		part{"/usr/lib/mate-notification-daemon/mate-notification-daemon", "/usr/lib/mate-notification-daemon/mate-notification-daemon &", "mate-notification-daemon"}, gnomeKeyring},
	{[]string{"x-cinnamon", "cinnamon"}, part{"cinnamon", "cinnamon --replace &", "cinnamon"}, part{"cinnamon", "cinnamon --replace &", "cinnamon"}, gnomeKeyring},
	{[]string{"sway", "hyprland", "river", "wlroots", "niri", "labwc"}, waybar, mako, gnomeKeyring},
}

// here is the desktop that this process is on. Without one on Wayland it is taken
// for a bare compositor, else for a bare window manager.
func here(getenv func(string) string) desktopParts {
	for name := range strings.SplitSeq(strings.ToLower(getenv("XDG_CURRENT_DESKTOP")), ":") {
		for _, d := range desktops {
			if !slices.Contains(d.names, name) {
				continue
			}
			if name == "kde" && getenv("KDE_SESSION_VERSION") == "6" {
				d.keychain = kwallet6
				if has(ksecrets.program) {
					d.keychain = ksecrets
				}
			}
			return d
		}
	}
	if getenv("WAYLAND_DISPLAY") != "" {
		return desktopParts{tray: waybar, notices: mako, keychain: gnomeKeyring}
	}
	return desktopParts{tray: xfcePanel, notices: dunst, keychain: gnomeKeyring}
}

func keychainStart() string { return here(os.Getenv).keychain.hint() }

func (p part) hint() string { return orInstall(p.program, p.command, p.pkg) }

// isGNOME: its shell has no tray of its own.
func (d desktopParts) isGNOME() bool { return slices.Contains(d.names, "gnome") }

// appIndicators are the ids of the extension that gives GNOME a tray: Debian's and
// Ubuntu's, and its authors'.
var appIndicators = []string{"ubuntu-appindicators@ubuntu.com", "appindicatorsupport@rgcjonas.gmail.com"}

// gnomeTray is how GNOME gets its tray, and a sentence about it. dirs are where
// extensions are.
func gnomeTray(dirs []string, wayland bool) (hint, detail string) {
	again := ""
	if wayland {
		again = " Log out and in again for it to be there."
	}
	for _, dir := range dirs {
		for _, id := range appIndicators {
			if info, err := os.Stat(filepath.Join(dir, id)); err == nil && info.IsDir() {
				return "gnome-extensions enable " + id, "GNOME shows tray icons by an extension, which is installed and not enabled." + again
			}
		}
	}
	return install("gnome-shell-extension-appindicator"), "GNOME shows tray icons by an extension, AppIndicator, which is not installed." + again + " Then enable it: authtray doctor says how."
}

func extensionDirs(getenv func(string) string) []string {
	data := getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(getenv("HOME"), ".local", "share")
	}
	system := getenv("XDG_DATA_DIRS")
	if system == "" {
		system = "/usr/local/share:/usr/share"
	}
	var dirs []string
	for _, dir := range append([]string{data}, filepath.SplitList(system)...) {
		dirs = append(dirs, filepath.Join(dir, "gnome-shell", "extensions"))
	}
	return dirs
}

// oldTrays are tray hosts that show icons of the old kind (XEmbed) alone.
var oldTrays = []string{"trayer", "stalonetray", "polybar", "i3bar", "tint2", "fbpanel"}

// oldTray is the one of them that runs for this user, "" for none. proc is /proc.
func oldTray(proc string) string {
	files, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "comm"))
	for _, file := range files {
		info, err := os.Stat(filepath.Dir(file))
		if err != nil {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Getuid() {
			continue
		}
		name, err := os.ReadFile(file)
		if is := strings.TrimSpace(string(name)); err == nil && slices.Contains(oldTrays, is) {
			return is
		}
	}
	return ""
}

// orInstall is a command, or how to get its program.
func orInstall(program, command, name string) string {
	if has(program) {
		return command
	}
	return install(name)
}

// orFrom is a command, or where to get its program that systems have no package of.
func orFrom(program, command, site string) string {
	if has(program) {
		return command
	}
	return "install " + program + " (" + site + ")"
}
