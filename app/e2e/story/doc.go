// Package story holds the test of everything at once: the real program, the
// practice provider, and a real Linux desktop around them (package
// desktop), and `make run` where there is none. It has no code of its own.
package story
