// Package proxy sends a tool's requests to a provider's API, with the token
// added: the tool never sees it.
//
// # Where requests go
//
// To the API hosts of the provider's entry, over https (or plain http to this
// machine); package providers decides (Client.API). PATH is appended to
// the entry's api.base, escaped as it came. A PATH that is a whole URL goes
// there, if it is one of the entry's API hosts: pages of results, and hosts for
// uploads. Dot segments, the absolute form of a request's target, CONNECT and
// TRACE, which repeats what it was sent, are refused.
//
// # What is passed on
//
// Bodies stream both ways, at once where both sides do. Headers of one hop stay
// behind (RFC 9110 §7.6.1), and so do the tool's Authorization, Proxy-Authorization
// and Cookie. Set-Cookie stays here too: a session of the API is worth as much as
// the token. Redirects are handed back unfollowed, with a Location that is
// absolute. Headers that the provider's entry names (api.headers) are added where
// the tool does not send them itself. Upgrades are not made; WebSockets are refused, other offers ignored,
// as a server may.
//
// # A token that is rejected
//
// What counts is the entry's own rule: 401, or Slack's 200 with "ok": false. The
// agent is told; it refreshes once, however many tools tell it, and the request
// is sent exactly once more with the new token. That needs a body that can be
// sent again: none, or up to MaxReplay that were read to their end. Where it
// cannot be, and where there is no other token, the API's own refusal is the
// answer, and the tool's next request has the new token.
//
// # What it cannot do
//
// An API that repeats the request it was sent, as an echo service does, shows the
// token to the tool.
package proxy
