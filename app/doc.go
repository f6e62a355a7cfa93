// Package app is the agent and its faces: the tray, notifications, the socket
// server, the commands, autostart and the window.
//
//	run.go          the agent's process: lock, store, tray, another agent that runs
//	agent.go        the agent: puts configuration, manager, flows, socket and tray together
//	files.go        the configuration as it was last good; reload.go takes up changes; certificates.go: ca_file
//	catalogue.go    the providers, ours and the user's
//	connections.go  what the socket asks of connections; secrets.go, settings.go, health.go the rest
//	connect.go      what the socket asks of flows
//	flows.go        the pending authorizations, one per connection
//	account.go      reconnecting as someone else; shared.go: one account under two names
//	registration.go the clients that register themselves, and are mended when forgotten
//	announce.go     what is shown in the tray and told in notifications
//	actions.go      what the tray's menu does
//	openwindow.go   starting the window's process
//	network_*.go    seeing that the network is back
//	harden*.go      no core files, and no panic that says a secret
//	commands.go     the command line (cobra), one file per command group
//	config/         folders, settings and connection files, and watching them
//	socket/         the socket: its contract (doc.go), server, lock, peer check
//	tray/           icon, menu and tooltip, as a pure function of the connections
//	notify/         notifications with a Reconnect button, and questions
//	reads.go        who may read a token, and the record of who did
//	audit/          that record, in the state folder
//	gate/           asking the user before a new program reads a token (ask = true)
//	dialect/        how git, Docker, kubectl and others ask for a credential; dialect/tooltest: with the real ones
//	setup/          the configuration that makes them ask
//	api.go, proxy/  requests to a provider's API with the token added: the tool never sees it
//	hosts.go, hosts/ which connection answers for a host
//	remote.go       the socket to forward to another machine, and api/ over TCP
//	settle_*.go     giving back what only the start needed
//	man/            the manual pages, made from the commands
//	recipes/        scripts for bars and prompts
//	desktoptest/, story/, outside/, crashtest/  the tests of the whole: a desktop, the story on it, secrets, kills
//	doctor/         looking at everything that the agent stands on
//	autostart/      start at login
//	browser/        the one function that opens URLs
//	clipboard/      a token on the clipboard, for half a minute
//	bus/            private connections to the session bus; bus/bustest: a bus for a test
//	window/         the Fyne window, a client of the socket in a process of its own (cgo builds)
//
// # Exit codes of commands
//
//	0 done · 1 failed · 2 wrong usage · 3 reconnect required or not connected ·
//	4 temporarily unavailable · 5 no agent is running · 6 keychain locked or missing
//
// An error is one sentence on stderr that says what to do next.
package app
