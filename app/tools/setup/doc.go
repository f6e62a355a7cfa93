// Package setup is what makes local tools ask authtray for tokens: for each tool
// the exact lines of its configuration, to be shown or to be written.
//
// # Promises
//
// Writing a step that is there already changes nothing. What the user has
// configured otherwise is never overwritten: it is a Clash, a sentence that says
// what is in the way. Files keep everything else that is in them, and their mode;
// new ones are the user's alone (0600). No line holds a token.
//
// # Adding a tool
//
// A function that returns its Steps: lines of a file, or what a program of the
// tool's own is run with. Then a command beside app/cli/setup.go's, and a test
// with the real tool in app/e2e/tools.
package setup
