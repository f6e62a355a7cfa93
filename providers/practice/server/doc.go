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
// # What is where
//
//	server.go      Server: options, routes, clock
//	control.go     what tests and the program may ask and change
//	grant.go       grants, and judge: what presenting a refresh token means
//	ledger.go      all grants: opening, rotating, ending
//	lookup.go      questions to the ledger
//	state.go       the ledger as a file
//	keys.go        the provider's own secrets
//	clients.go     who may ask: the built-in clients
//	register.go    RFC 7591
//	par.go         RFC 9126
//	device.go      RFC 8628
//	requests.go    authorization requests between /authorize and the code
//	storage.go     what pkg/op needs to be told
//	protocol.go    where pkg/op's answers are not what we promise
//	iss.go         RFC 9207
//	bearer.go      RFC 6750: who a token belongs to, and the 401
//	api.go         the sample API
//	users.go       the two people
//	sessions.go    whose browser it is
//	pages.go       sign-in and consent
//	account.go     the account page with Remove access, and the device page
//
// # Endpoints
//
//	/.well-known/openid-configuration, /.well-known/oauth-authorization-server
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
