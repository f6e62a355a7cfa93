// Package remote is the agent as the window sees it: the socket's endpoints as
// Go methods, with deadlines, and the stream of events.
//
// It keeps nothing between calls and sees no refresh token. The contract that
// it speaks is package api's.
package remote
