package catalog

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

// Entry describes one provider: the whole of what Authtray needs to know to
// speak to it. See the package comment for where entries come from and which
// source wins. The zero value of a field means the default given in brackets.
type Entry struct {
	ID      string         `toml:"id" json:"id"`                               // stable key, lower case
	Name    string         `toml:"name" json:"name"`                           // for people
	Extends string         `toml:"extends,omitempty" json:"extends,omitempty"` // inherit another entry
	Vars    map[string]Var `toml:"vars,omitempty" json:"vars,omitempty"`       // template variables asked from the user

	Issuer       string `toml:"issuer,omitempty" json:"issuer,omitempty"`             // RFC 8414 / OpenID discovery; explicit fields override what it says
	Authorize    string `toml:"authorize,omitempty" json:"authorize,omitempty"`       // authorization endpoint
	Token        string `toml:"token,omitempty" json:"token,omitempty"`               // token endpoint
	Refresh      string `toml:"refresh,omitempty" json:"refresh,omitempty"`           // where refresh requests go [Token]
	Device       string `toml:"device,omitempty" json:"device,omitempty"`             // RFC 8628 device authorization endpoint
	Registration string `toml:"registration,omitempty" json:"registration,omitempty"` // RFC 7591 endpoint
	MCP          string `toml:"mcp,omitempty" json:"mcp,omitempty"`                   // the MCP server that the tokens are for, where the connection names none
	PAR          string `toml:"par,omitempty" json:"par,omitempty"`                   // RFC 9126 endpoint
	PARRequired  bool   `toml:"par_required,omitempty" json:"par_required,omitempty"` // authorization requests must be pushed

	// IssuerMatch says how iss (RFC 9207) and the discovery document's issuer
	// are compared: "exact" or "template" (Microsoft's common endpoint, whose
	// issuer holds {tenantid}) ["exact"].
	IssuerMatch string `toml:"issuer_match,omitempty" json:"issuer_match,omitempty"`

	Client        ClientRules        `toml:"client,omitempty" json:"client"`
	AuthorizeOpts AuthorizeRules     `toml:"authorize_opts,omitempty" json:"authorize_opts"`
	Redirect      RedirectRules      `toml:"redirect,omitempty" json:"redirect"`
	Tokens        TokenRules         `toml:"tokens,omitempty" json:"tokens"`
	Errors        refusal.ErrorRules `toml:"errors,omitempty" json:"errors"`
	Whoami        WhoamiRules        `toml:"whoami,omitempty" json:"whoami"`
	Revoke        RevokeRules        `toml:"revoke,omitempty" json:"revoke"`
	Tenants       TenantRules        `toml:"tenants,omitempty" json:"tenants"`
	API           APIRules           `toml:"api,omitempty" json:"api"`
	Links         Links              `toml:"links,omitempty" json:"links"`

	// Origin is the file of the user's own that the entry comes from; empty: the
	// program's. Replaces says that it takes the place of the program's of that id.
	Origin   string `toml:"-" json:"origin,omitempty"`
	Replaces bool   `toml:"-" json:"replaces,omitempty"`

	// Quirks names the few behaviours that data cannot carry; each is one Go
	// function of package providers, and an unknown name is a loading error.
	Quirks []string `toml:"quirks,omitempty" json:"quirks,omitempty"`

	Aliases   []string   `toml:"aliases,omitempty" json:"aliases,omitempty"`       // other words by which people look for it: "jira", "gmail"
	Sites     []string   `toml:"sites,omitempty" json:"sites,omitempty"`           // pages of the provider's by whose address people look for it: "*.atlassian.net/wiki"; nothing is sent there
	Cost      string     `toml:"cost,omitempty" json:"cost,omitempty"`             // what must be had first, and what it costs; empty: an account, free
	Steps     []string   `toml:"steps,omitempty" json:"steps,omitempty"`           // how a person registers an app, in order; see Entry.Guide
	ScopeSets []ScopeSet `toml:"scope_sets,omitempty" json:"scope_sets,omitempty"` // ready choices of scopes, at most three
	Notes     string     `toml:"notes,omitempty" json:"notes,omitempty"`           // what a user must know, shown by `authtray providers ID`

	VerifiedOn string            `toml:"verified_on,omitempty" json:"verified_on,omitempty"` // the day on which the facts were last compared with their sources, as 2006-01-02
	Unverified []string          `toml:"unverified,omitempty" json:"unverified,omitempty"`   // field paths, and steps (steps.2), not read in the provider's documents
	Sources    map[string]string `toml:"sources,omitempty" json:"sources,omitempty"`         // field path, or step (steps.2) → where the fact was read
}

// ScopeSet is a choice of scopes for a purpose.
type ScopeSet struct {
	Name   string   `toml:"name" json:"name"`     // one word: "mail"
	About  string   `toml:"about" json:"about"`   // what they open, for people
	Scopes []string `toml:"scopes" json:"scopes"` // instead of the default scopes
}

// DefaultScopes are those that a person who names others begins with: the entry's,
// and the ones without which there may be no refresh token.
func (e Entry) DefaultScopes() []string {
	list := slices.Clone(e.AuthorizeOpts.Scopes)
	for _, s := range e.AuthorizeOpts.ScopesForRefresh {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// Var is a template variable of an entry.
type Var struct {
	Label   string `toml:"label,omitempty" json:"label,omitempty"`     // what to ask the user for
	Default string `toml:"default,omitempty" json:"default,omitempty"` // used when the connection gives none; empty: required
	Pattern string `toml:"pattern,omitempty" json:"pattern,omitempty"` // "hostname" (host or host:port), "hostpath" (a hostname, and a path behind it where the server is under one), "slug" ([A-Za-z0-9._-]+), "path" (slugs joined by /), "port", "url" ["slug"]

	Choices []string `toml:"choices,omitempty" json:"choices,omitempty"` // the only values, such as regional hosts; empty: any that fits Pattern
}

// ClientRules is how the client identifies itself at the token endpoint.
type ClientRules struct {
	ID      string            `toml:"id,omitempty" json:"id,omitempty"`           // a client id that everyone uses; else the user registers one
	Auth    string            `toml:"auth,omitempty" json:"auth,omitempty"`       // none | post | basic | basic_empty ["post"]
	Secret  string            `toml:"secret,omitempty" json:"secret,omitempty"`   // none | optional | web_only | required ["required"]
	Body    string            `toml:"body,omitempty" json:"body,omitempty"`       // form | json ["form"]
	Headers map[string]string `toml:"headers,omitempty" json:"headers,omitempty"` // sent with every token request; Accept and User-Agent always are
}

// AuthorizeRules shapes the authorization, token and refresh requests.
type AuthorizeRules struct {
	PKCE             string            `toml:"pkce,omitempty" json:"pkce,omitempty"`               // S256 | off (with its source); plain is never spoken ["S256"]
	ScopeSep         string            `toml:"scope_sep,omitempty" json:"scope_sep,omitempty"`     // " " or "," [" "]; an answer's scope is split on both
	ScopeParam       string            `toml:"scope_param,omitempty" json:"scope_param,omitempty"` // ["scope"]; Slack: user_scope
	Scopes           []string          `toml:"scopes,omitempty" json:"scopes,omitempty"`           // default scopes
	ScopesForRefresh []string          `toml:"scopes_for_refresh,omitempty" json:"scopes_for_refresh,omitempty"`
	Params           map[string]string `toml:"params,omitempty" json:"params,omitempty"`
	TokenParams      map[string]string `toml:"token_params,omitempty" json:"token_params,omitempty"`
	RefreshParams    map[string]string `toml:"refresh_params,omitempty" json:"refresh_params,omitempty"` // value "false" leaves a standard parameter out (Figma's grant_type); "{redirect_uri}" is the registered one
	SwitchAccount    map[string]string `toml:"switch_account,omitempty" json:"switch_account,omitempty"` // added when the user wants another account
	LoginHint        string            `toml:"login_hint,omitempty" json:"login_hint,omitempty"`         // parameter name ["login_hint"]; "off": not understood
}

// TokenRules is how to read a token answer and what its parts are worth.
type TokenRules struct {
	Path             string   `toml:"path,omitempty" json:"path,omitempty"`                             // member that holds the answer (Slack: authed_user)
	ExpiresIn        string   `toml:"expires_in,omitempty" json:"expires_in,omitempty"`                 // ["expires_in"]
	ExpiresUnit      string   `toml:"expires_unit,omitempty" json:"expires_unit,omitempty"`             // s | ms ["s"]
	DefaultExpiresIn int      `toml:"default_expires_in,omitempty" json:"default_expires_in,omitempty"` // seconds, where the answer gives none; 0: never expires
	RefreshExpiresIn []string `toml:"refresh_expires_in,omitempty" json:"refresh_expires_in,omitempty"` // members that give the refresh token's lifetime
	RefreshAbsolute  string   `toml:"refresh_absolute,omitempty" json:"refresh_absolute,omitempty"`     // Go duration or days ("180d"), counted from consent
	RefreshIdle      string   `toml:"refresh_idle,omitempty" json:"refresh_idle,omitempty"`             // the grant dies when unused that long
	Grace            string   `toml:"grace,omitempty" json:"grace,omitempty"`                           // how long a used refresh token is accepted again, counted from its use; empty: not known. See providers.Client.Refresh
	Keep             []string `toml:"keep,omitempty" json:"keep,omitempty"`                             // extra members stored with the grant (instance_url)
	KeepCallback     []string `toml:"keep_callback,omitempty" json:"keep_callback,omitempty"`           // parameters of the redirect stored with the grant (Intuit's realmId)
	HostFrom         string   `toml:"host_from,omitempty" json:"host_from,omitempty"`                   // a kept member or parameter that names the token endpoint's host for the account (pCloud's hostname)
	Hosts            []string `toml:"hosts,omitempty" json:"hosts,omitempty"`                           // the only hosts that it may name
	NeverNarrows     bool     `toml:"never_narrows,omitempty" json:"never_narrows,omitempty"`           // a refresh that names fewer scopes brings them all
	SingleGrant      bool     `toml:"single_grant,omitempty" json:"single_grant,omitempty"`             // the provider keeps one grant per user and client
}

// WhoamiRules asks whose token this is.
type WhoamiRules struct {
	URL         string            `toml:"url,omitempty" json:"url,omitempty"`       // may hold {access_token} or begin with a kept member, {instance_url}; empty: userinfo_endpoint of discovery
	Method      string            `toml:"method,omitempty" json:"method,omitempty"` // ["GET"]
	Body        string            `toml:"body,omitempty" json:"body,omitempty"`
	Headers     map[string]string `toml:"headers,omitempty" json:"headers,omitempty"`
	Label       []string          `toml:"label,omitempty" json:"label,omitempty"`                 // JSON paths, first present one is the account's label
	AccountID   string            `toml:"account_id,omitempty" json:"account_id,omitempty"`       // JSON path of the stable id
	FromIDToken bool              `toml:"from_id_token,omitempty" json:"from_id_token,omitempty"` // read the claims of the id token instead
	Dead        []string          `toml:"dead,omitempty" json:"dead,omitempty"`                   // rules as in ErrorRules: what a dead token looks like ["401"]
	Probe       bool              `toml:"probe,omitempty" json:"probe,omitempty"`                 // ask now and then whether the token still works, by default
}

// RevokeRules is how a grant is revoked.
type RevokeRules struct {
	URL   string `toml:"url,omitempty" json:"url,omitempty"`     // may hold {access_token}, {refresh_token}, {client_id}; empty: revocation_endpoint of discovery
	Style string `toml:"style,omitempty" json:"style,omitempty"` // rfc7009 | bearer_post | delete | github_app | none ["rfc7009" where there is a URL]
	Token string `toml:"token,omitempty" json:"token,omitempty"` // refresh | access | both ["refresh", access where there is none]
	Auth  string `toml:"auth,omitempty" json:"auth,omitempty"`   // client | none | bearer ["client"]
}

// TenantRules is how a provider is asked which sites or organizations a token
// opens, once after signing in, where requests to its API have to name one. One of
// them is kept with the grant.
type TenantRules struct {
	URL    string            `toml:"url,omitempty" json:"url,omitempty"`         // GET, with the token; the answer is JSON
	List   string            `toml:"list,omitempty" json:"list,omitempty"`       // path of the list in it ["": the answer is the list]
	Keep   map[string]string `toml:"keep,omitempty" json:"keep,omitempty"`       // name under which a member is kept → its path in the chosen one
	KeepAs string            `toml:"keep_as,omitempty" json:"keep_as,omitempty"` // name under which the whole list is kept ["": it is not]
	Var    string            `toml:"var,omitempty" json:"var,omitempty"`         // the variable that chooses; "first" chooses the first [the first]
	By     string            `toml:"by,omitempty" json:"by,omitempty"`           // path of what that variable is compared with; of a URL its host counts too
}

// APIRules is where the tokens are used.
type APIRules struct {
	Base  string   `toml:"base,omitempty" json:"base,omitempty"`   // base URL for `request` and api/PATH; may hold kept members ({instance_url})
	Hosts []string `toml:"hosts,omitempty" json:"hosts,omitempty"` // hosts the token may be sent to, "*.example.org" allowed [host of Base]
	Dead  []string `toml:"dead,omitempty" json:"dead,omitempty"`   // what "this token is rejected" looks like ["401"]
	Git   []string `toml:"git,omitempty" json:"git,omitempty"`     // hosts this provider's tokens open for git, docker and friends

	// Headers are sent with each request to the API, where the tool does not send
	// them itself. They may hold {client_id}, variables and kept members.
	Headers map[string]string `toml:"headers,omitempty" json:"headers,omitempty"`

	User      string `toml:"user,omitempty" json:"user,omitempty"`             // user name that must go with the token where it is sent as a password (git, docker) [any will do]
	GitBearer bool   `toml:"git_bearer,omitempty" json:"git_bearer,omitempty"` // git may send the token as Authorization: Bearer
	Try       string `toml:"try,omitempty" json:"try,omitempty"`               // a first request that the default scopes allow, as it is typed behind `authtray request NAME`: "user"
	Env       string `toml:"env,omitempty" json:"env,omitempty"`               // the variable in which the provider's own tools look for a token ["ACCESS_TOKEN"]
}

// Links are pages for people.
type Links struct {
	UserRevoke string `toml:"user_revoke,omitempty" json:"user_revoke,omitempty"` // where the user removes access; may hold {client_id}
	Register   string `toml:"register,omitempty" json:"register,omitempty"`       // where an app is registered
	Docs       string `toml:"docs,omitempty" json:"docs,omitempty"`
}

// Placeholder is what is filled in at run time: {access_token}, {client_id} and
// kept members.
var Placeholder = text.Pattern(`\{[a-z][A-Za-z0-9_.]*\}`)

// RedirectURIParam is the value of a refresh parameter that stands for the
// redirect URI with which the grant was made.
const RedirectURIParam = "{redirect_uri}"

// Kept names the members that a grant of this entry may carry.
func (e Entry) Kept() []string {
	names := slices.Concat(e.Tokens.Keep, e.Tokens.KeepCallback, sortedKeys(e.Tenants.Keep))
	if e.Tenants.KeepAs != "" {
		names = append(names, e.Tenants.KeepAs)
	}
	return names
}

// APIHosts is where the tokens may be sent.
func (e Entry) APIHosts() []string {
	if len(e.API.Hosts) > 0 {
		return e.API.Hosts
	}
	if u, err := url.Parse(e.API.Base); err == nil && u.Host != "" && !strings.HasPrefix(e.API.Base, "{") {
		return []string{u.Host}
	}
	return nil
}

// HostAllowed compares a URL's host with patterns: "api.example.org",
// "*.example.org" (at least one label more), either with a port. Without one, the
// scheme's own port is meant.
func HostAllowed(patterns []string, u *url.URL) bool {
	have := HostPort(u)
	for _, p := range patterns {
		want := HostPort(&url.URL{Scheme: u.Scheme, Host: strings.TrimPrefix(p, "*.")})
		if have == want && !strings.HasPrefix(p, "*.") || strings.HasPrefix(p, "*.") && strings.HasSuffix(have, "."+want) {
			return true
		}
	}
	return false
}

// Quirks are the behaviours that an entry's data cannot carry. An entry names
// the ones that apply.
var Quirks = map[string]string{
	"meta_exchange": "a long-lived access token is exchanged for another one; there is no refresh token",
	"mcp_bootstrap": "the issuer is asked of the MCP server, and every request names the server (RFC 9728, RFC 8707)",
}

// HasQuirk reports whether the entry names one of Quirks.
func (e Entry) HasQuirk(name string) bool { return slices.Contains(e.Quirks, name) }

// RefreshesAccessToken reports whether a grant is renewed with its access token:
// it can be refreshed though it has no refresh token.
func (e Entry) RefreshesAccessToken() bool { return e.HasQuirk("meta_exchange") }

// Unit is the unit of the lifetimes in the provider's answers.
func (t TokenRules) Unit() time.Duration {
	if t.ExpiresUnit == "ms" {
		return time.Millisecond
	}
	return time.Second
}

// MaxLifetime bounds every lifetime, in an answer and in an entry.
const MaxLifetime = 100 * 365 * 24 * time.Hour
