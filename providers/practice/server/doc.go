// Package server is the practice provider: a small, real OAuth 2.0 and OpenID
// Connect server for loopback. It is there to try Authtray against, and to test
// it against; it is not part of the authtray program.
//
// The protocol is github.com/zitadel/oidc/v3/pkg/op, a server library that other
// people's clients speak to every day, so that a client that works here does not
// only agree with ourselves. What the library leaves
// to its user, or lacks, is here: people and their consent, the life of grants,
// RFC 9126, RFC 7591, RFC 9207.
//
// # Endpoints
//
//	/.well-known/openid-configuration, /.well-known/oauth-authorization-server
//	/mcp and its metadata, a sample MCP server
//	/authorize /token /revoke /introspect /userinfo /keys /device_authorization /par /register
//	/signin /consent /device /account                for people
//	/api/notes /api/whoami /api/echo                 for tokens
//
// # Promises
//
// The issuer is Options.Issuer, to the letter. Access tokens last
// Options.Lifetime and expires_in says exactly that. A refresh token is given
// for the scope offline_access; it is replaced at each use, and one that was
// replaced already ends the whole grant, access tokens included. A dead refresh
// token is answered 400 invalid_grant, a dead access token 401 with
// WWW-Authenticate. Refresh tokens are kept as hashes, and no log line holds a
// token, code or state.
//
// Everything takes its time from Options.Now but the times inside ID tokens,
// which the library takes from the machine's clock.
package server
