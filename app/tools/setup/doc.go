// Package setup is what makes local tools ask authtray for tokens: for each tool
// the exact lines of its configuration, to be shown or to be written.
//
//	setup.go    Step: one piece of configuration; Plan: what it is made for
//	command.go  steps that a tool's own program makes: git config, go env -w, …
//	block.go    steps that are lines of a file
//	link.go     the names under which tools look for their helpers
//	git.go, docker.go, kubectl.go, goauth.go, aws.go, registry.go, mail.go   the tools
//
// # Promises
//
// Writing a step that is there already changes nothing. What the user has
// configured otherwise is never overwritten: it is a Clash, a sentence that says
// what is in the way. Files keep everything else that is in them, and their mode;
// new ones are the user's alone (0600). No line holds a token.
package setup
