// Package providers knows who issues tokens and how to speak to them.
//
// It owns everything that is said to a provider: discovery, the authorization
// request and its redirect, the token, refresh, device, registration and
// revocation requests, and the reading of the answers. It keeps nothing: what a
// provider gave is handed to package tokens, which owns the life of a grant.
//
// # What is where
//
//	entry.go        the schema of a provider entry (catalogue/*.toml)
//	connection.go   the schema of a connection file (connections/NAME.toml)
//	catalogue/      one TOML file per provider; adding a provider is adding a file
//	load.go         the strict loader: extends, override, template variables
//	client.go       Client: one connection's provider, ready to be spoken to
//	answer.go       Answer: the tolerant reading of a token answer
//	failure.go      Failure and the table that classifies it
//	flow.go         what a pending authorization promises; flow_life.go: Flow, which keeps it
//	flow_code.go    the authorization code: which answer is acted on, and the exchange
//	loopback.go     where the browser comes back to; loopback_door.go: what is answered there
//	paste.go        the redirect URL, pasted
//	par.go          pushed authorization requests
//	device.go       the code for another device; device_poll.go: the table of its answers
//	practice/       the practice provider, a program of its own
//
// # A provider entry
//
// An entry is TOML. Every field is optional but id, name, and either token or
// issuer. A field may hold template variables in braces, {host}, that are
// declared under [vars] and that the connection fills. Entry documents each
// field. Facts that were not read in the provider's own documents are named in
// "unverified", and where a fact comes from stands in [sources].
//
//	id = "gitlab"
//	name = "GitLab"
//	issuer = "https://{host}"
//	authorize = "https://{host}/oauth/authorize"
//	token = "https://{host}/oauth/token"
//	unverified = ["whoami.label"]
//
//	[vars.host]
//	default = "gitlab.com"
//	pattern = "hostname"
//
//	[client]
//	auth = "none"
//	secret = "none"
//
//	[sources]
//	token = "GitLab docs, OAuth 2.0 identity provider API"
//
// # A connection file
//
//	provider  = "gitlab"
//	client_id = "…"
//	scopes    = ["read_user", "read_api"]
//	vars      = { host = "git.example.org" }
//	hosts     = ["git.example.org"]
//	ca_file   = "/etc/ssl/work.pem"
//	refresh   = "timer"                 # or "on-demand"
//	[override]                          # any field of the entry, nested as there
//	token = "https://git.example.org/oauth/token"
//
// # Endpoint precedence
//
// The connection's [override], then the entry, then the discovery document. A
// grant is bound (Binding) to the issuer, client id and endpoint origins it was
// made with; a Client refuses with ErrBindingChanged to send a refresh token or
// a client secret anywhere else.
//
// # Hostile text
//
// Whatever a provider or a browser sends is hostile: bodies are read up to
// MaxBody, error codes are reduced to a short safe alphabet (SafeCode) before
// they reach a log or a person, redirects of token, revocation, registration,
// PAR and device requests are never followed, and plain http is spoken only to
// loopback literals.
package providers
