// Package notify tells the user what cannot wait until they look at the tray:
// above all that a connection needs to be reconnected, with a button that does it.
//
//	notify.go      Notifier: which deaths are to be seen now, and reminders
//	text.go        the sentences, and foreign text made fit for each system
//	linux.go       org.freedesktop.Notifications, on a connection of our own
//	windows.go     a toast whose button opens a page of ours; page.go is that page
//	darwin.go      a dialog through osascript
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
