// Package desktoptest puts a real Linux desktop around a test: a session bus, a
// screen, a window manager, a panel that hosts tray icons, a notification
// server, a keychain and a browser. All of it is the test's own, in throw-away
// folders, and ends with the test; where a program is missing, the test is
// skipped (in continuous integration it fails).
//
//	desktop_linux.go   Start: all of it, one after the other
//	panel_linux.go     xfce4-panel, the tray host
//	keyring_linux.go   gnome-keyring, and secret-tool to look into it
//	notices_linux.go   dunst, and what it is asked to show
//	icon_linux.go      the tray icon as the bus has it: shape, tooltip, menu
//	browser_linux.go   Chromium, which xdg-open hands URLs to
//	usage_linux.go     what an idle process costs
//
// The bus, the screen and screenshots are those of package bustest.
package desktoptest
