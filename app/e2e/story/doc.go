// Package story holds the test of everything at once: the real program, the
// practice provider, and a real Linux desktop around them (package
// desktoptest). It has no code of its own.
//
//	story_linux_test.go    what a person lives through, from Connect to Reconnect
//	program_linux_test.go  the programs under test, and how they are asked
//	makerun_linux_test.go  `make run` where there is no desktop
//	build_test.go          what the build without cgo must be
//	idle_linux_test.go     what an idle agent costs: BenchmarkIdle
package story
