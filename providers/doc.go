// Package providers knows who issues tokens and how to speak to them.
//
// It owns everything that is said to a provider: discovery, the authorization
// request and its redirect, the token, refresh, device, registration and
// revocation requests, and the reading of the answers. It keeps nothing: what a
// provider gave is handed to package tokens, which owns the life of a grant.
//
// # What is where
//
//	entry.go            the schema of a provider entry (catalogue/*.toml)
//	catalogue/          one TOML file per provider; adding a provider is adding a file
//	load.go             the strict loader, and "extends"
//	check.go            what an entry must be; templates.go: its variables; overlay.go: [override]
//	quirks.go           the few behaviours that data cannot carry
//	connection.go       the schema of a connection file (connections/NAME.toml)
//	connection_file.go  reading, writing and checking one; secrets.go: what must not be in it
//	resolve.go          entry + connection → Client; issuer.go: giving a connection its issuer
//
//	client.go           Client: one connection's provider, ready to be spoken to
//	transport.go        proxies, ca_file, which URLs are spoken to; send.go: one request
//	file.go             reading a file that the configuration names; file_*.go: who else may write one
//	discovery.go        the issuer's document; resource.go: an MCP server's; endpoints.go: who wins
//	authorize.go        the authorization request and the redirect URI
//	request.go          the exchange, and how the client identifies itself; refresh.go, revoke.go, register.go
//	registered.go       which client: a configured one, a document's URL, one that registered itself
//	stepup.go           what an API says of missing scopes
//	binding.go          where a grant may be sent
//	answer.go           Answer; read_answer.go: its tolerant reading; lifetime.go: how long the token lives
//	failure.go          Failure; classify.go: the table that classifies it; rules.go: an entry's own rules
//	oauth_error.go      what an error's body holds; words.go: what its words say; shape.go: whether it is OAuth's
//	whoami.go           whose grant it is; probe.go, probe_mcp.go: whether it lives; api.go: where tokens may go
//
//	flow.go             Flow: one pending authorization (code, paste-back, device)
//	practice/           the practice provider, a program of its own
//
// # Adding a provider
//
// Copy the catalogue file that is nearest, change the facts, and name where each
// was read under [sources], or its field in "unverified". Run the tests of this
// package with -update, and read testdata/wire/ID.txt: it is what the provider
// will be sent, byte for byte. Add the answers that it is known to give to
// testdata/answers.jsonl, at least one of them an error; where none was seen, the
// standard's form, with a note that says so.
//
// # A provider entry
//
// An entry is TOML. Every field is optional but id, name, and either token or
// issuer. A field may hold template variables in braces, {host}, that are
// declared under [vars] and that the connection fills; one that no field uses,
// also because an [override] took all its places, need not be filled. Entry
// documents each field. Facts that were not read in the provider's own documents
// are named in "unverified", and where a fact comes from stands in [sources].
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
// loopback literals.
package providers
