// Package providers speaks to those who issue tokens.
//
// It owns everything that is said to a provider: discovery, the authorization
// request and its redirect, the token, refresh, device, registration and
// revocation requests, and the reading of the answers. It keeps nothing: what a
// provider gave is handed to package tokens, which owns the life of a grant.
//
// A Client is one connection's provider, ready to be spoken to; a Flow is one
// pending authorization. What is known of each provider is data, in package
// catalog, and what a refusal means is a pure function, in package refusal.
// Imports go one way: providers to both, catalog to refusal. Package text puts what
// they say into words, and name has the rule for names.
//
// To add a request, write a method of Client in a file of its name. It goes
// through Client.send, which bounds it and never follows a redirect (what is only
// read is asked for once more where its path just gets a slash: WithSlash), and an
// answer that does not bring what was asked for goes through Client.refused. What
// is sent is compared byte for byte with testdata/wire, for every entry of the
// catalogue.
//
// # Endpoint precedence
//
// The connection's [override], then the entry, then the discovery document. A
// grant is bound (Binding) to the issuer, client id and endpoint origins it was
// made with; a Client refuses with ErrBindingChanged to send a refresh token or
// a client secret anywhere else. Where access tokens are sent beside that, to the API,
// whoami and an MCP server (Resources), belongs to the binding too; package tokens
// serves no token while that differs.
//
// # What is not here
//
// DPoP (RFC 9449) binds a token to a key that signs every request. Authtray's
// purpose is to hand tokens to tools, which send them as they are: a token bound
// to a key in the agent could be used through the agent's own requests alone, and
// no entry of the catalogue wants it. So none is asked for; an answer whose
// token_type is DPoP is kept and handed out with that type, for a tool to see.
//
// # Hostile text
//
// Whatever a provider or a browser sends is hostile: bodies are read up to
// MaxBody, error codes are reduced to a short safe alphabet (SafeCode) before
// they reach a log or a person, redirects of token, revocation, registration,
// PAR and device requests are never followed, and plain http is spoken only to
// this machine, whose names (localhost) no resolver is asked for.
package providers
