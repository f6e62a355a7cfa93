// Package desktop puts a real Linux desktop around a test: a session bus, a
// screen, a window manager, a panel that hosts tray icons, a notification
// server, a keychain and a browser. All of it is the test's own, in throw-away
// folders, and ends with the test; where a program is missing, the test is
// skipped (in continuous integration it fails).
//
// The bus, the screen and screenshots are those of package bustest.
package desktop
