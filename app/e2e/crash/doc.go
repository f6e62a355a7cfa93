// Package crashtest is the test of what must survive: it kills real agents, takes
// the keychain away under them, stops their process and lets them run for an
// hour in bad weather. It has no code of its own.
//
// Some of each kind is run by `make test`. All of it is run by `make crashtest`,
// which gives the flags -full and -kills, and `make soak`, which gives -soak.
//
//	TestKilledAgents…       kill -9, -kills times, against a real gnome-keyring
//	TestKilledWhile…        kill -9 before each keychain call of what is done once
//	TestAskedToEnd…         a polite end while an answer is on its way
//	TestEveryKeychainCall…  each single call fails, lies or hangs; -full: large records in gnome-keyring too
//	TestKeychain…           the keychain locked, gone, changed by hand
//	TestStopped…            SIGSTOP past the token's end
//	TestSoak                an agent in bad weather, for the time of -soak
//
// Each test runs in a process of its own, beside others. None of them judges how
// long something took: what has to come is waited for, and what must not wait is
// held against what it would have waited for.
//
// # What is where
//
//	main_linux_test.go      what the test binary is besides the tests: an agent that can be killed, authtray, and one test apart
//	plan_linux_test.go      when that agent kills itself
//	traces_linux_test.go    what it had received, and how long it sat on it
//	diary_linux_test.go     what it tells its user
//	provider_linux_test.go  a practice provider that keeps a book of all it gave
//	agent_linux_test.go     an agent's process, and how it is asked
//	record_linux_test.go    the keychain's records, held against the book
//	tools_linux_test.go     tools that ask for tokens all the time
//	kills_linux_test.go     the ways to die, and one round of dying
//	vitals_linux_test.go    what an agent says of its own goroutines
//	account_linux_test.go   what came of it, as a table
//	crash_, midway_, polite_, calls_, calls_once_, keychain_, locked_, damage_, stop_, soak_linux_test.go: the tests
//
// The agent that is killed at a named step is built here, from the parts that
// package app is built from, with tokens.Options.Step set. The program that is
// shipped has no way to set it.
package crash
