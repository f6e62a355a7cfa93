package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Client is one connection's provider, ready to be spoken to: the entry with
// the connection's variables and overrides in place. It keeps no tokens. Safe
// for concurrent use; every method obeys its context and has a deadline of its
// own (RequestTimeout).
type Client struct {
	entry     Entry
	conn      Connection
	opts      ClientOptions
	http      *http.Client
	discovery *discoveryCache

	ownID      string       // the client id as configured; "" or a document's URL leave room for a registered one
	registered Registration // the one in use; zero: none
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
	// Transport replaces the HTTP transport (tests). nil: one of our own that
	// obeys HTTPS_PROXY and the connection's ca_file, and speaks plain http to
	// loopback literals only.
	Transport http.RoundTripper
	// Certificates reads the connection's ca_file; nil: ReadCertificates. It is
	// called at most once, while the Client is made.
	Certificates func(path string) ([]byte, error)
	// Now is the wall clock; nil: time.Now.
	Now func() time.Time
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

// The methods of Client, each in the file of its name:
//
//	Entry() Entry                                       the resolved entry
//	Connection() Connection
//	Binding(ctx) (Binding, error)                       may discover
//	Authorize(ctx, AuthorizeOptions) (*Flow, error)     flow.go
//	Refresh(ctx, RefreshRequest) (Answer, error)        *Failure or ErrBindingChanged
//	Revoke(ctx, Revocation) error                       *Failure or ErrBindingChanged
//	Whoami(ctx, Answer) (Account, error)
//	Probe(ctx, accessToken string, extra) Liveness
//	NeedsRegistration(ctx) (issuer string, need bool, err error)  registered.go
//	Register(ctx, redirectURIs []string) (Registration, error)   RFC 7591
//	API(path string, extra) (*url.URL, error)           resolves a path or URL against the entry's API hosts, or refuses
//	Rejected(*http.Response, body []byte) bool          the entry's own rule of what a 401 is

// newClient takes an entry that has been resolved and checked.
func newClient(e Entry, conn Connection, o ClientOptions) (*Client, error) {
	transport := o.Transport
	if transport == nil {
		var err error
		if transport, err = transportFor(conn.CAFile, o.Certificates); err != nil {
			return nil, err
		}
	}
	c := &Client{
		entry: e, conn: conn, opts: o, discovery: &discoveryCache{},
		http: &http.Client{Transport: transport, CheckRedirect: neverFollow},
	}
	c.useRegistration(o.Registered)
	return c, nil
}

func neverFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Entry is the provider's entry as it applies to this connection.
func (c *Client) Entry() Entry { return c.entry }

// Connection is the connection's configuration.
func (c *Client) Connection() Connection { return c.conn }

func (c *Client) clientID() string { return first(c.conn.ClientID, c.entry.Client.ID) }

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
		return "", &Failure{Class: Transient, Code: "secret_unavailable", Err: err,
			Detail: "The client secret cannot be read from the keychain at the moment."}
	}
	return s, nil
}

// misconfigured is a failure of our own making: nothing was sent, or what came
// back cannot be used.
func (c *Client) misconfigured(code, format string, args ...any) *Failure {
	return &Failure{Class: Misconfigured, Code: code, Detail: fmt.Sprintf(format, args...)}
}
