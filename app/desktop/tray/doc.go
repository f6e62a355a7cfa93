// Package tray is the icon in the tray: its shape, its menu and its tooltip.
//
// What is shown is a pure function of the connections, and of the questions that
// wait for the user (Build, ShapeOf, Tooltip). What shows it is fyne.io/systray, the
// library that Fyne v2 itself uses: the agent must not pay for a window system that it
// does not draw in.
//
// # What the tray promises
//
// Nothing in it runs by the clock: times in the menu are absolute ("until
// 14:32"), so that an idle tray wakes nobody. It is drawn again only when
// something visible changed. A click runs its action in a goroutine of its own.
//
// # What is wanted of the caller
//
// Run blocks and can be called once in a process. On macOS it must be called
// from the main goroutine (AppKit's rule); on Windows it stays on the thread
// that it started on, and sees to that itself; on Linux any goroutine will do.
// Importing this package locks the main goroutine to the main thread
// (systray's init does), which costs a thread switch each time that goroutine
// blocks; a short-lived command may call runtime.UnlockOSThread first thing.
//
// # Adding an entry to the menu
//
// Add a Verb and its line in Do, and put the Item where Build wants it; the
// table in menu_test.go shows the whole menu for each state.
package tray
