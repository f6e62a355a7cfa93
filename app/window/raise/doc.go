// Package raise keeps the window the only one of its profile: the process that
// shows it holds a lock and listens beside the agent's socket, and whoever
// wants to see the window asks there first.
//
// The address is the agent's with "agent.sock" replaced by "window.sock"; on
// Windows the agent's pipe name with "-window" added. Nothing secret passes:
// a request is one line, the answer another.
//
//	raise.go         Raise, for the agent and for a second window process
//	serve.go         Listen, for the window process
//	address_*.go     addresses, locks and sockets of each system
package raise
