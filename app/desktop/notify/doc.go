// Package notify tells the user what cannot wait until they look at the tray:
// above all that a connection needs to be reconnected, with a button that does it.
//
// # What it promises
//
// One notification per death of a grant: a second death of the same connection
// replaces the first, it never stacks, and it is withdrawn when the connection
// is well again. From the third within half a minute they are one, whose button opens
// the window. Its button acts once. A notification that the user put away
// stays away; reminders come only if they were asked for. A notification is never
// the only way: the tray's menu offers the same. It asks a question about a
// connection, too (Questions), also when its notification has gone by.
//
// OnShown tells what could be seen, and nothing else counts as told: a death that
// comes while there is no server, no bus, none that answers, or while
// notifications are turned off, is shown once that has changed. A server that is
// started again, alone or with the bus, shows again what the old one took with it
// from under the user's eyes, unless it was put away, or servers went again and
// again as soon as they showed it: there is one
// on the screen, never two. A banner without a button goes by itself and is not
// repeated; those of one kind about several connections are one.
//
// No method waits for the desktop.
//
// # Systems
//
// On Linux it is org.freedesktop.Notifications, on a connection of our own; on
// Windows a toast whose button opens a page of ours, or else the tray icon's balloon; on macOS a dialog through
// osascript; beeep shows banners without a button. To add a system, implement
// desk, and name it in its newDesk; noQuestions is the part of one that cannot show several buttons.
package notify
