package doctor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/desktop/notify"
	"github.com/authtray/authtray/tokens/store/sessionbus"
)

const (
	noticesName = "org.freedesktop.Notifications"
	noticesPath = "/org/freedesktop/Notifications"
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = "/StatusNotifierWatcher"

	noBus = "There is no session bus to look on."
)

func hasBus(ctx context.Context) bool {
	conn, err := sessionbus.Connect(ctx)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func busCheck(ctx context.Context, _ Input) Check {
	if !hasBus(ctx) {
		return failed("bus", "dbus-run-session -- authtray run", "There is no D-Bus session bus, so there is no keychain, no tray icon and no notification.")
	}
	return fine("bus", "The session bus answers.")
}

// keepsDeleted reports whether the Secret Service is KeePassXC, which moves what is
// deleted into its recycle bin: each probe would stay there.
func keepsDeleted(ctx context.Context) bool {
	conn, err := sessionbus.Connect(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	var pid uint32
	if conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, "org.freedesktop.secrets").Store(&pid) != nil {
		return false
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.HasPrefix(strings.ToLower(string(name)), "keepassxc")
}

func noticesCheck(ctx context.Context, _ Input) Check {
	const id = "notifications"
	start := here(os.Getenv).notices.hint()
	conn, err := sessionbus.Connect(ctx)
	if err != nil {
		return failed(id, "dbus-run-session -- authtray run", noBus)
	}
	defer conn.Close()
	var can []string
	server := conn.Object(noticesName, noticesPath)
	if err := server.CallWithContext(ctx, noticesName+".GetCapabilities", 0).Store(&can); err != nil {
		if activatable(ctx, conn) { // as status says, which starts none
			return failed(id, start, "The session bus would start a notification server when it is needed, but it does not start now, so nothing tells you when a connection needs you.")
		}
		return failed(id, start, "No notification server is running, so nothing tells you when a connection needs you.")
	}
	if !slices.Contains(can, "actions") {
		return failed(id, start, "The notification server shows no buttons: reconnect from the tray's menu, and connections with ask = true refuse new programs.")
	}
	if slices.Contains(notify.ClickOnly, serverOf(ctx, server)) {
		return fine(id, "The notification server shows no buttons: a click on a notification reconnects, and `makoctl menu` or its like answers a question.")
	}
	return fine(id, "The notification server shows buttons.")
}

// activatable reports whether the bus would start a notification server.
func activatable(ctx context.Context, conn *dbus.Conn) bool {
	var names []string
	err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.ListActivatableNames", 0).Store(&names)
	return err == nil && slices.Contains(names, noticesName)
}

// serverOf is what a notification server calls itself.
func serverOf(ctx context.Context, server dbus.BusObject) (name string) {
	var vendor, version, spec string
	_ = server.CallWithContext(ctx, noticesName+".GetServerInformation", 0).Store(&name, &vendor, &version, &spec)
	return name
}

func trayCheck(ctx context.Context, p Input) Check {
	const id = "tray"
	if !p.Tray {
		return fine(id, "The tray icon is switched off (--no-tray).")
	}
	conn, err := sessionbus.Connect(ctx)
	if err != nil {
		return failed(id, "dbus-run-session -- authtray run", noBus)
	}
	defer conn.Close()
	var hosted dbus.Variant
	err = conn.Object(watcherName, watcherPath).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart,
		watcherName, "IsStatusNotifierHostRegistered").Store(&hosted)
	if yes, _ := hosted.Value().(bool); err != nil || !yes {
		return trayAmiss(id)
	}
	if d := here(os.Getenv); slices.Contains(d.names, "lxqt") || slices.Contains(d.names, "mate") {
		return fine(id, "A panel shows tray icons; on this desktop a right click opens the menu.")
	}
	return fine(id, "A panel shows tray icons.")
}

// trayAmiss says what brings a tray to this desktop.
func trayAmiss(id string) Check {
	const way = " `authtray open` opens the window all the same."
	if old := oldTray("/proc"); old != "" {
		return failed(id, orFrom("snixembed", "snixembed --fork", "https://git.sr.ht/~steef/snixembed"),
			"%s shows only icons of the old kind (XEmbed); snixembed beside it shows the others."+way, old)
	}
	d := here(os.Getenv)
	if d.isGNOME() {
		hint, detail := gnomeTray(extensionDirs(os.Getenv), os.Getenv("WAYLAND_DISPLAY") != "")
		return failed(id, hint, "%s"+way, detail)
	}
	return failed(id, d.tray.hint(), "No panel shows tray icons."+way)
}
