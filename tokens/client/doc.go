// Package client gets tokens from the Authtray agent, for Go programs.
//
//	source := client.TokenSource("work")                 // an oauth2.TokenSource
//	github := &http.Client{Transport: &client.Transport{Name: "work"}}
//
// The agent keeps tokens fresh, so nothing is kept here: every call asks it, and
// costs a tenth of a millisecond. It is found by the environment, as package
// app/api documents (AUTHTRAY_SOCKET, AUTHTRAY_PROFILE).
//
// # Errors
//
// An error is ErrNoAgent where no agent runs, or a *Problem, whose Code says
// what is the matter ("reconnect_required", "temporarily_unavailable", …),
// Detail says it for people, and Hint is the command that mends it. Both are
// found with errors.Is and errors.As.
//
//	source.go      TokenSource
//	transport.go   Transport: adds the token, and after a 401 sends once more
//	agent.go       what is asked of the agent
//	call/          speaks to it: HTTP by hand, without net/http
//	address/       where it listens
//	quick/         the shortcut of `authtray token`
package client
