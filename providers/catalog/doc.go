// Package catalog is what is known of providers: the entries that come with the
// program (entries/*.toml), the user's own, and the connections that use them.
//
// It loads and checks files, fills in their variables, and lays a connection's
// [override] over its entry. It sends nothing.
//
// # Adding a provider
//
// Copy the entry that is nearest, or extend it, change the facts, and name where
// each was read under [sources], or its field in "unverified". Write down as steps
// what a person does in the provider's console, from signing in to copying the
// client id: see Entry.Guide for what is filled in. Where a step was read stands
// under its number, "steps.1". What an extended entry says of its values vouches for
// none that the new one has itself. Run
//
//	CGO_ENABLED=0 go test -tags ci ./providers ./providers/catalog -update
//
// and read testdata/wire/ID.txt of package providers: it is what the provider will
// be sent, byte for byte. Add the answers that it is known to give to
// testdata/answers.jsonl there, at least one of them an error; where none was seen, the
// standard's form, with a note that says so. VERIFIED.md then says how much of the entry was read where, and
// the other tests name what a first-timer would miss. `authtray providers export ID`
// prints an entry that was made elsewhere, to send it.
//
// # A provider entry
//
// An entry is TOML. Every field is optional but id, name, and either token or
// issuer; one of ours also has steps, aliases, notes, verified_on, [sources] and,
// without an issuer, links.register and links.docs. A field may hold template variables in braces, {host}, that are
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
package catalog
