// Package mcp is a bridge between an AI client, which starts `authtray mcp NAME` and
// speaks MCP with it over stdin and stdout, and the MCP server of a connection, which
// wants a token with each request.
//
// # What is promised
//
//   - Messages pass through as they come, both ways: the bridge answers by itself only
//     where the server cannot be asked, and looks into a message only for what it has
//     to know: its method, id and protocol version.
//   - Each request has the token that the agent names at that moment. One that the
//     server refuses (401) is reported to the agent, and the request is sent exactly
//     once more. The token goes to the connection's own URL and nowhere else: a
//     redirect is refused, but to the same URL with a slash behind it, and so is
//     another origin that a server of the old SSE transport names.
//   - The bridge opens no browser, listens on no port and writes no token to a file,
//     to stderr or into a message. It ends when stdin does and what was
//     asked before is answered, or the parent process.
//
// # Two protocols
//
// Up to 2025-11-25 a client begins with initialize, and the server may give it a
// session. From 2026-07-28 on each request carries its version in _meta and stands for
// itself. The bridge speaks with the server as the client speaks with it. A server
// that knows no server/discover is answered for with -32601, upon which clients fall
// back to initialize; one that takes no initialize any more is answered for with an
// error that names the versions.
//
// # While the server cannot be asked
//
// The agent may have no token for now (a dead grant, a locked keychain, no agent), or
// the server may be out of reach. initialize and server/discover are then answered at
// once with what the server said last, which is kept in the state folder and holds no
// secret; the first time ever initialize is answered with tools, prompts and resources.
// Everything else waits up to Patience and then fails with an error that says what to
// do: an empty list would be kept by clients. Once the server can be asked, the
// client's initialize is sent to it, what it wished (log level, subscriptions) is
// wished again, and the client is told that the lists have changed. So it is when the
// server has restarted and knows the session no more.
//
// A call whose answer was lost on the way is not sent again, as the server may have
// carried it out; what only reads is.
//
// # What a client may do
//
// Policy says which tools are not called, and which are asked for by a notification
// before each call; Bridge.Scopes has tokens for less. The agent's record of reads has
// the client and the tool of each call, never its arguments. All of this binds this
// bridge, and nobody who reaches the server in another way.
//
// # What it does not do
//
// Over the forwarded socket (Remote) the user is asked at the desk to sign in, and for
// nothing else: not for scopes, nor for tools. The file's policy is not known there.
//
// Batches (2025-03-26 only) are taken apart and answered one by one. Numbers as ids
// have to be whole. A client that calls a tool whose x-mcp-header annotations it
// learned from another process gets the server's -32020.
package mcp
