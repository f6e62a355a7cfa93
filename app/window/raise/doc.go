// Package raise keeps the window the only one of its profile: the process that
// shows it holds a lock and listens beside the agent's socket, and whoever
// wants to see the window, or wants it closed, asks there first.
//
// The address is the agent's with "agent.sock" replaced by "window.sock"; on
// Windows the agent's pipe name with "-window" added. Nothing secret passes:
// a request is one line, the answer another.
package raise
