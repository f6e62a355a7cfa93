// Package agent is Authtray's long-lived process: it keeps the connections'
// tokens fresh with package tokens, and serves them to tools at the socket of
// package api. There is one for each profile, which holds the profile's lock.
//
// The package has three entrances. RunAgent is the process of `authtray run`:
// lock, store, desktop, tray. InProcess and RunChecks serve commands that run where
// no agent does. NewAgent and Run are for programs that bring their own
// surroundings (Options), as the tests of the whole do.
//
// # Parts
//
// An Agent answers the socket with parts that know nothing of it. NewAgent is the
// one place that puts them together, and each can be built without the others
// that it does not name in its fields:
//
//   - configuration: the user's files as they were last good. It gives the
//     manager what changed, ends the sign-in of a connection whose settings
//     changed, and warns of a file that cannot be used.
//   - registeredClients: the clients that register themselves (RFC 7591), and are
//     registered again where the provider forgot them.
//   - keychain: client secrets, and the user's unlocking.
//   - history: what happened to each connection, also before the agent started.
//   - accounts: whose account a connection is, and which connections are the same.
//   - signIns: the pending sign-ins, and the grants of other accounts that wait for
//     the user's word.
//   - connectionViews and connectionRemover: the connections as the socket shows
//     them, and how they are disconnected and removed.
//   - tokenAccess: who may read a token or change its connection, and the record of
//     who did read.
//   - announcements: what is shown in the tray and told in notifications.
//   - clicks and menu: what the user clicks there.
//   - windowOpener: the window's process.
//   - extraListeners: the socket to forward to another machine.
//   - memory: what is given back, and not collected, while nobody asks.
//
// What a connection's token is, when it is refreshed and when its grant is dead is
// decided in package tokens and nowhere here.
//
// # Adding to it
//
// A request of the socket is a method of api.Agent, a handler in package api, and
// a method of Agent that hands it to a part. A new part gets what it needs as
// fields, an interface where a test wants to stand in, and a func where it
// causes something in a part that is made after it.
package agent
