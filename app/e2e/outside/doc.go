// Package outside holds the tests that look at the real agent's process from
// outside: what it leaves behind, and whom it tells. It has no
// code of its own.
//
// A whole story is told at debug level and searched for every secret that was in
// play, in its usual disguises: so are api/ at all its listeners, helpers, setup,
// exec and MCP, and secrets that were put in the wrong place. Others provoke
// panics and core files, restart with a dead grant, make ten thousand connections,
// and measure what a flood of connections costs.
//
// What goes through the provider's front and the stand-ins of the desktop is
// written into a ledger; a new test of secrecy searches for all that is in it.
package outside
