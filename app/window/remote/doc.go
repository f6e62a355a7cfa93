// Package remote is the agent as the window sees it: the socket's endpoints as
// Go methods, with deadlines, and the stream of events.
//
// It keeps nothing between calls and sees no refresh token. The contract that
// it speaks is package socket's.
//
//	client.go       requests and answers
//	connections.go  connections, tokens, connecting
//	rest.go         providers, settings, health, doctor, log
//	events.go       the stream of events
//	problem.go      errors as the agent words them
package remote
