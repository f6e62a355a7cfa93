// Package cli is the command line: one file a command, named as it is typed.
// Commands are clients of the agent's socket; run, and those that can do without an
// agent (offline.go), start one in their own process.
//
// # Exit codes
//
//	0 done · 1 failed · 2 wrong usage · 3 reconnect required or not connected ·
//	4 temporarily unavailable · 5 no agent is running · 6 keychain locked or missing
//
// A second agent raises the first one's window (0). One with other folders that
// would keep the same connections does not start, nor does a command touch them (1).
//
// An error is one sentence on stderr that says what to do next.
//
// # Adding a command
//
// A file with its cobra.Command, whose RunE goes through shell.do; its name in
// shell.root, in the group where help shall show it; a script in
// app/e2e/commands/testdata. The manual page is made from the command.
package cli
