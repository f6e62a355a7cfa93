// Package app is Authtray, the program: Main runs its command line.
//
//	cli/               the commands, a file each, named as they are typed
//	cli/internal/quick/  `authtray token` answered before anything else is set up
//	cli/man/           the manual pages, made from the commands
//	agent/             the long-lived process: configuration, sign-ins, announcements, registered clients
//	api/               the socket: its contract (in its package comment), server, listeners, peer check
//	api/apitest/       the address of a test's agent
//	access/audit/      who read which token when
//	access/gate/       asking the user before a new program reads a token (ask = true)
//	desktop/autostart/ start at login
//	desktop/browser/   the one function that opens URLs
//	desktop/clipboard/ a token on the clipboard, for half a minute
//	desktop/console/   starting programs without a console window on Windows
//	desktop/notify/    notifications with a Reconnect button, and questions
//	desktop/register/  PATH, Start menu and installed apps on Windows
//	desktop/tray/      icon, menu and tooltip, as a pure function of the connections
//	tools/dialect/     how git, Docker, kubectl and others ask for a credential
//	tools/setup/       the configuration that makes them ask
//	tools/hosts/       which connection answers for a host
//	tools/mcp/         an AI client and the MCP server of a connection: `authtray mcp`
//	tools/mcp/mcptest/   an MCP server for tests
//	tools/proxy/       requests to a provider's API with the token added: the tool never sees it
//	tools/recipes/     scripts for bars and prompts
//	version/           what the program was built of
//	stack/             room on a goroutine's stack before it is needed
//	shellquote/        a word of a command, as the shell that reads it wants it
//	lang/              what people read in other languages than English
//	lang/langtest/       what is English still, for tests
//	config/            folders, settings and connection files, and watching them
//	doctor/            looking at everything that the agent stands on
//	window/            the Fyne window, a client of the socket in a process of its own (cgo builds)
//	window/raise/      one window for each profile
//	window/remote/     the agent as the window sees it
//	e2e/house/         the rules of the source tree
//	e2e/commands/      the commands as they are typed, in scripts
//	e2e/desktop/       a real Linux desktop around a test
//	e2e/desktops/      other desktops and keychains: sway, KeePassXC, KWallet and more
//	e2e/bustest/       a session bus and a screen for a test
//	e2e/story/         the whole story on that desktop; `make run`
//	e2e/window/        the real window, walked through
//	e2e/windows/       the programs for Windows, and the packages' tests, under Wine
//	e2e/packages/      installing, updating and removing the program's files
//	e2e/outside/       what the process leaves behind, and whom it tells
//	e2e/crash/         kills, a keychain that goes away, an hour of bad weather
//	e2e/tools/         every dialect with the tool that speaks it
//	e2e/bench/         what it costs, beside rivals and floors: BENCH.md
//	e2e/slowest/       the slowest tests of a run, before its last lines
//
// Imports go one way, app → tokens → providers. Within app, cli and window are
// clients of the socket; only the commands that start an agent in their own process
// import agent. A test in e2e/house holds both.
package app
