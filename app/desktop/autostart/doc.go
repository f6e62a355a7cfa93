// Package autostart makes the agent start when the user logs in: a .desktop
// file in the XDG autostart folder, a LaunchAgent on macOS, a value under the
// Run key on Windows. Off until the user turns it on.
//
//	autostart.go      Entry: on, off, status, and following a program that moved
//	autostart_*.go    where and how each system keeps it
//	desktopfile.go, plist.go, commandline.go   the three formats
package autostart
