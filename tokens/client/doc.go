// Package client asks the Authtray agent for tokens, for Go programs.
//
//	source := client.TokenSource("work")                 // an oauth2.TokenSource
//	github := &http.Client{Transport: &client.Transport{Name: "work"}}
//
// [Agent] asks everything else that the socket answers, which package app/api of
// this module documents. The package imports the standard library and
// golang.org/x/oauth2, and nothing else.
//
// # Which agent
//
// The agent is found by the environment, as all of Authtray's programs find it:
// AUTHTRAY_SOCKET, else AUTHTRAY_PROFILE and the system's own variables. Before
// it is sent anything, the process that listens there is seen to run as this
// user.
//
// # Concurrency
//
// Everything is safe for concurrent use, but for the methods of [Stream]. Nothing
// is kept between calls, neither tokens nor connections: the agent keeps tokens
// fresh, and to ask it takes a tenth of a millisecond.
//
// # Errors
//
// Errors are told apart with errors.Is and errors.As:
//
//   - [ErrNoAgent]: no agent runs; [ErrForeign]: somebody else listens in its place.
//   - [*Problem]: the agent refused. Code says why ("reconnect_required",
//     "temporarily_unavailable", …), Detail says it for people, and Hint is the
//     command that fixes it.
//   - [ErrNoAnswer]: there was no whole answer. Where that is because the context
//     ended, the error is context.Canceled or context.DeadlineExceeded as well.
//
// No error holds a token.
//
// # Time-outs
//
// [Agent] and [Dial] wait as long as their context allows. [TokenSource] and
// [Transport] wait 35 seconds at most for a token, or less where their context
// ends before; the agent itself gives up on a refresh after 30.
package client
