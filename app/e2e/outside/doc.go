// Package outside holds the tests that look at the real agent's process from
// outside: what it leaves behind, whom it tells, how fast it answers. It has no
// code of its own.
//
//	secrecy_linux_test.go       a whole story at debug level, searched for every secret that was in play
//	whole_linux_test.go         … and what gives tokens to tools: api/ at all listeners, helpers, setup, exec, MCP
//	doors_linux_test.go         … those listeners, and requests with a secret where none belongs
//	wrong_places_linux_test.go  … and secrets in configuration, settings and files
//	crash_linux_test.go         panics, goroutine dumps, core files, and who may look into the process
//	quiet_linux_test.go         a dead grant stays quiet over restarts, and is told once
//	connections_linux_test.go   ten thousand connections leave the agent as it was
//	bench_linux_test.go         cached answers beside a slow refresh and half-sent requests, beside a rival
//
//	ledger_test.go              the provider's front: remembers every secret, and echoes them if told
//	search_test.go              secrets, their usual disguises, and the search for them
//	program_linux_test.go       the program under test, and the commands
//	desktop_linux_test.go       what stands in for the desktop: opener, window and notification server
package outside
