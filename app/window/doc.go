// Package window is Authtray's window: a short-lived process that is a client
// of the agent's socket like any other. It holds no refresh token, may crash
// without harm, and gives its memory back when closed.
//
//	main.go         Main: the process (the only file that imports Fyne's driver)
//	options.go      what Main is told, and what the toolkit says
//	display.go      is there a display, before Fyne is touched
//	ui.go tab.go    the window: header, views, the way back
//	keys.go         shortcuts
//	agent.go        what the window needs of the agent
//	work.go         asking the agent without ever blocking the UI
//	follow.go       the stream of events, with reconnect
//	model.go        the connections as the window knows them, and their order
//	words.go        states, times and counts in words
//	plain.go        foreign text made harmless for one line of screen
//	translate.go    tr and trn; lang/*.json hold the translations
//	theme.go        colours and sizes
//	marks.go        initials in coloured discs, and the shapes of states
//	layout.go line.go card.go chips.go entry.go button.go dialog.go    small widgets
//	list.go keylist.go row.go welcome.go         Connections: the list
//	details.go facts.go timeline.go actions.go   Connections: one of them
//	pick.go                                      Add a connection: which provider
//	form.go formcards.go field.go                … its fields
//	fields.go submit.go                          … which it needs, and what may stand there
//	connect.go progress.go                       … live progress of a flow
//	activity.go readrow.go                       who read which token when
//	settings.go health.go about.go               settings, health, licences
//	banner.go       the agent is away
//	clipboard.go    a copied token leaves the clipboard again
//	raise/          one window for each profile
//	remote/         the agent's socket
//	story/          the real window, walked through
//
// # Threads
//
// Everything that touches a widget runs on Fyne's goroutine. Whatever may wait
// (the socket, the browser) runs on another one, and comes back through ui.do.
//
// # Animations
//
// There are none: Fyne draws the whole window for every frame of an animation
// that has been started and not stopped, also when its object is hidden or gone.
// The one that Fyne starts by itself is the cursor of the entry that has the
// focus, so nothing hidden may keep the focus: show, modal and page see to that.
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
