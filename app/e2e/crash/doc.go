// Package crash is the test of what must survive: it kills real agents, takes
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
// The agent that is killed at a named step is built here, from the parts that
// package agent is built from, with tokens.Options.Step set. The program that is
// shipped has no way to set it.
package crash
