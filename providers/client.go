package providers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Client is one connection's provider, ready to be spoken to: the entry with
// the connection's variables and overrides in place. It keeps no tokens. Safe
// for concurrent use; every method obeys its context and has a deadline of its
// own (RequestTimeout).
type Client struct {
	entry *catalog.Entry // which may be others' too
	conn  catalog.Connection
	opts  ClientOptions
	http  *http.Client

	interfaceAddrs func() ([]net.Addr, error) // net.InterfaceAddrs
	discovery      *discoveryCache

	ownID      string       // the client id as configured; "" or a document's URL leave room for a registered one
	ownPath    string       // of the redirect URI, as configured
	registered Registration // the one in use; zero: none
	ours       []string     // Resources
	vouched    bool         // our own catalogue names the server that discovery asks
}

// RequestTimeout bounds one request to a provider, body included.
const RequestTimeout = 30 * time.Second

// MaxBody is how much of a provider's answer is read, in bytes.
const MaxBody = 1 << 20

// ClientOptions are what a Client takes from its surroundings.
type ClientOptions struct {
	// Secret gives the client secret from the keychain; "" and nil where there
	// is none. It is asked for at each use, never kept.
	Secret func(context.Context) (string, error)
	// Registered is the client that was registered for this connection, if any;
	// see NeedsRegistration.
	Registered Registration
	// Agreed is what the user agreed to for this connection.
	Agreed Agreed
	// Transport replaces the HTTP transport (tests). nil: one of our own that
	// obeys HTTPS_PROXY and the connection's ca_file, and speaks plain http to
	// this machine only.
	Transport http.RoundTripper
	// Certificates reads the connection's ca_file; nil: ReadCertificates. It is
	// called at most once, while the Client is made.
	Certificates func(path string) ([]byte, error)
	// Now is the wall clock; nil: time.Now.
	Now func() time.Time
	// Log is told of faults of our own; nil: nothing is logged.
	Log *slog.Logger
	// Language is that of the pages in the browser; nil: English.
	Language Language
	// Version stands in the User-Agent: "authtray/VERSION".
	Version string
}

// RefreshRequest is RFC 6749 §6, with the extensions that a few providers need.
type RefreshRequest struct {
	RefreshToken string
	AccessToken  string   // for providers that exchange the access token itself (Meta)
	Scopes       []string // a narrower scope; nil: as granted
	Resource     string   // RFC 8707
	Binding      Binding  // what the grant was made with
	Extra        map[string]json.RawMessage
}

// Revocation says what to give back.
type Revocation struct {
	AccessToken, RefreshToken string
	Binding                   Binding
	Extra                     map[string]json.RawMessage
}

// newClient takes an entry that has been resolved and checked, and does not change it.
func newClient(e *catalog.Entry, conn catalog.Connection, o ClientOptions) (*Client, error) {
	transport := o.Transport
	if transport == nil {
		var err error
		if transport, err = transportFor(conn.CAFile, o.Certificates); err != nil {
			return nil, err
		}
	}
	c := &Client{
		entry: e, conn: conn, opts: o, discovery: &discoveryCache{}, interfaceAddrs: net.InterfaceAddrs,
		http: &http.Client{Transport: transport, CheckRedirect: neverFollow},
	}
	c.useRegistration(o.Registered)
	return c, nil
}

func neverFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Entry is the provider's entry as it applies to this connection.
func (c *Client) Entry() catalog.Entry { return *c.entry }

// Connection is the connection's configuration.
func (c *Client) Connection() catalog.Connection { return c.conn }

func (c *Client) clientID() string { return cmp.Or(c.conn.ClientID, c.entry.Client.ID) }

// now is wall time, without a monotonic reading: only wall time counts for
// tokens.
func (c *Client) now() time.Time {
	if c.opts.Now != nil {
		return c.opts.Now().Round(0)
	}
	return time.Now().UTC().Round(0)
}

// secret asks for the client secret. It is "" where the provider uses none.
func (c *Client) secret(ctx context.Context) (string, error) {
	if c.opts.Secret == nil || c.entry.Client.Secret == "none" {
		return "", nil
	}
	s, err := c.opts.Secret(ctx)
	if err != nil {
		return "", &refusal.Failure{Class: refusal.Transient, Code: "secret_unavailable", Err: err,
			Detail: "The keychain, which may hold a client secret, cannot be read at the moment.", Hint: "authtray unlock"}
	}
	return s, nil
}

// misconfigured is a failure of our own making: nothing was sent, or what came
// back cannot be used.
func (c *Client) misconfigured(code, format string, args ...any) *refusal.Failure {
	return &refusal.Failure{Class: refusal.Misconfigured, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// panicked logs that a goroutine panicked over what a provider sent, and returns
// the failure that it comes to. The panic's text may hold what came; it is not
// logged.
func (c *Client) panicked(where string) *refusal.Failure {
	log := c.opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log.Error("a provider's answer caused a panic", "provider", c.entry.ID, "where", where, "stack", string(debug.Stack()))
	return &refusal.Failure{Class: refusal.Transient, Code: "internal",
		Detail: "What " + c.name() + " answered cannot be read because of a fault in Authtray; its log says where."}
}

// NewClient makes a connection's provider ready to be spoken to. Nothing is sent.
func NewClient(c *catalog.Catalogue, conn catalog.Connection, o ClientOptions) (*Client, error) {
	if err := conn.Check(); err != nil {
		return nil, err
	}
	e, err := c.Resolve(conn)
	if err != nil {
		return nil, err
	}
	conn.MCP = cmp.Or(conn.MCP, e.MCP)
	client, err := newClient(e, conn, o)
	if err == nil && e.Origin == "" && conn.Provider != "" {
		before, _ := c.Entry(conn.Provider)
		client.vouched = namesServer(before, e.Issuer, conn.MCP)
		conn.Override, conn.MCP = nil, ""
		if e, err := c.Resolve(conn); err == nil {
			client.ours = resourceOrigins(*e, e.MCP)
		}
	}
	return client, err
}

// metaExchange is Meta's own grant: a token for a longer-lived one.
func metaExchange(accessToken string) url.Values {
	return url.Values{"grant_type": {"fb_exchange_token"}, "fb_exchange_token": {accessToken}}
}

// afterExchange adds what a provider tells only when asked: the sites or
// organizations that the token opens. Its failure costs the answer nothing.
func (c *Client) afterExchange(ctx context.Context, a Answer) Answer {
	t := c.entry.Tenants
	if t.URL == "" {
		return a
	}
	req, err := c.bearerRequest(http.MethodGet, t.URL, "", a.AccessToken, a.Extra)
	if err != nil {
		return a
	}
	if status, _, body, err := c.send(ctx, req); err == nil && status == http.StatusOK {
		a.Extra = mergeExtra(a.Extra, tenantMembers(t, body, c.conn.Vars[t.Var]))
	}
	return a
}

// tenantMembers is what is kept of the list that a provider answers with: of the
// one that the connection names, or of the first where it names none, and the
// whole list for those who want another. Of a name that is not in the list
// nothing but the list is kept: another site would not do.
func tenantMembers(t catalog.TenantRules, body []byte, named string) map[string]json.RawMessage {
	list, ok := refusal.Lookup(refusal.ParseBody(body), t.List).([]any)
	if !ok || len(list) == 0 {
		return nil
	}
	members := map[string]any{}
	if t.KeepAs != "" {
		members[t.KeepAs] = list
	}
	i := 0
	if named != "" && named != "first" {
		i = slices.IndexFunc(list, func(one any) bool { return namesTenant(refusal.TextAt(one, t.By), named) })
	}
	if i >= 0 {
		for name, path := range t.Keep {
			members[name] = refusal.Lookup(list[i], path)
		}
	}
	return keepAs(members)
}

// namesTenant compares what a list says with the name that a person gave, which may
// be the host of a URL.
func namesTenant(said, named string) bool {
	u, err := url.Parse(said)
	return strings.EqualFold(said, named) || err == nil && u.Host != "" && strings.EqualFold(u.Host, named)
}

func keepAs(members map[string]any) map[string]json.RawMessage {
	extra := make(map[string]json.RawMessage, len(members))
	for k, v := range members {
		if raw, err := json.Marshal(v); err == nil && v != nil {
			extra[k] = raw
		}
	}
	return extra
}

// language is that of the pages in the browser.
func (c *Client) language() Language {
	if c.opts.Language == nil {
		return english{}
	}
	return c.opts.Language
}
