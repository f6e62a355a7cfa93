// Package notify tells the user what cannot wait until they look at the tray:
// above all that a connection needs to be reconnected, with a button that does it.
//
//	notify.go      Notifier: what the agent holds
//	deaths.go      which announcements are to be seen now, and what became of them
//	reminders.go   announcing again, if it is wished
//	ask.go         Ask: a question with answers on buttons; ask_linux.go
//	text.go        the sentences, and foreign text made fit for each system
//	desk.go        what a system must be able to do
//	desk_linux.go, server_linux.go   org.freedesktop.Notifications, on a connection of our own
//	desk_windows.go, page.go         a toast whose button opens a page of ours, and that page
//	desk_darwin.go, dialog.go        a dialog through osascript
//	banner.go      beeep: banners without a button
//
// # What it promises
//
// One notification per death of a grant: a second death of the same connection
// replaces the first, it never stacks, and it is withdrawn when the connection
// is well again. Its button acts once. A notification that the user put away
// stays away, also when the notification server restarts; reminders come only
// if they were asked for. A notification is never the only way: the tray's menu
// offers the same.
//
// No method waits for the desktop.
package notify
