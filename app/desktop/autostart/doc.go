// Package autostart makes the agent start when the user logs in: a .desktop
// file in the XDG autostart folder, and a unit where systemd runs the session; a
// LaunchAgent on macOS; a value under the Run key on Windows, which starts the program
// without a console where that is installed (package console). Off until the user
// turns it on.
// An entry whose program has moved is written again (Follow).
package autostart
