// Package window is Authtray's window: a short-lived process that is a client
// of the agent's socket like any other. It holds no refresh token, may crash
// without harm, and gives its memory back when closed.
//
//	main.go         Main: the process (the only file that imports Fyne's driver)
//	display.go      is there a display, before Fyne is touched
//	ui.go           the window: header, views, the way back
//	agent.go        what the window needs of the agent
//	work.go         asking the agent without ever blocking the UI
//	follow.go       the stream of events, with reconnect
//	model.go        the connections as the window knows them, and their order
//	words.go        states, times and counts in words
//	plain.go        foreign text made harmless for one line of screen
//	translate.go    tr and trn; lang/*.json hold the translations
//	theme.go        colours and sizes
//	marks.go        initials in coloured discs, and the shapes of states
//	line.go card.go chips.go entry.go button.go    small widgets
//	list.go row.go              Connections: the list
//	details.go timeline.go      Connections: one of them
//	pick.go form.go fields.go   Add a connection: provider, then its fields
//	connect.go                  Add a connection: live progress of a flow
//	activity.go                 who read which token when
//	settings.go about.go        settings, health, licences
//	clipboard.go    a copied token leaves the clipboard again
//	keys.go         shortcuts
//
// # Threads
//
// Everything that touches a widget runs on Fyne's goroutine. Whatever may wait
// (the socket, the browser) runs on another one, and comes back through ui.do.
//
// # Foreign text
//
// Whatever a provider, a browser or another program wrote passes through plain
// before it is shown, and is never read as Markdown.
//
// # Adding a translation
//
// Copy lang/de.json, named after the language, and translate its values. The
// keys are the English texts; a test names those that are missing.
package window
