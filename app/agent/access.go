package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/access/gate"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/hosts"
	"github.com/authtray/authtray/app/tools/proxy"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// tokenAccess gives tokens to those who may have them, and records who asked.
type tokenAccess struct {
	manager       tokenSource
	configuration *configuration
	gate          Gate
	audit         Auditor
	refused       func(error) // told why a tool got no token, or nil; nil: nobody is
}

// tokenSource has the connections' tokens: tokens.Manager.
type tokenSource interface {
	Token(ctx context.Context, name string, w tokens.Want) (tokens.Token, error)
	Rejected(ctx context.Context, name, accessToken string) (tokens.Token, error)
}

func (t *tokenAccess) token(ctx context.Context, name string, w tokens.Want) (tokens.Token, error) {
	var token tokens.Token
	err := t.admit(ctx, name)
	if err == nil {
		token, err = t.forPlace(ctx, name, func() (tokens.Token, error) { return t.manager.Token(ctx, name, w) })
	}
	t.record(ctx, name, audit.Token, err)
	return token, err
}

func (t *tokenAccess) rejected(ctx context.Context, name, accessToken string) (tokens.Token, error) {
	var token tokens.Token
	err := t.admit(ctx, name)
	if err == nil {
		token, err = t.forPlace(ctx, name, func() (tokens.Token, error) { return t.manager.Rejected(ctx, name, accessToken) })
	}
	t.record(ctx, name, audit.Rejected, err)
	return token, err
}

// forPlace is a token for the place that the caller names, if it names one: none where
// the connection leads elsewhere, also where it does so only by the time that there is
// a token. A program that has run for long knows addresses of before a change.
func (t *tokenAccess) forPlace(ctx context.Context, name string, get func() (tokens.Token, error)) (tokens.Token, error) {
	place := api.PlaceOf(ctx)
	if !place.Named() {
		return get()
	}
	for ctx.Err() == nil {
		client := t.configuration.client(name)
		if client != nil && place.MCP != "" && client.Connection().MCP != place.MCP {
			return tokens.Token{}, otherPlace(name, place.MCP)
		}
		token, err := get()
		switch {
		case err != nil:
			return tokens.Token{}, err
		case t.configuration.client(name) != client: // it may be of a sign-in from after the change
			continue
		case client == nil:
			return tokens.Token{}, otherPlace(name, place.MCP)
		}
		for _, at := range place.URLs {
			if !leadsTo(client, at, token) {
				return tokens.Token{}, otherPlace(name, at)
			}
		}
		return token, nil
	}
	return tokens.Token{}, ctx.Err()
}

// leadsTo reports whether a connection's tokens are for an address: of its API, or of
// what it answers for by host.
func leadsTo(client *providers.Client, at string, token tokens.Token) bool {
	u, err := url.Parse(at)
	if err != nil || !catalog.Speakable(u) || u.User != nil {
		return false
	}
	if _, err := client.API(at, token.Extra); err == nil {
		return true
	}
	_, err = hosts.Match([]hosts.Connection{{Name: "it", Hosts: client.Hosts()}}, u.Host, u.EscapedPath(), "")
	return err == nil
}

func otherPlace(name, at string) error {
	where := "there"
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		where = "to " + text.Line(u.Host, 200)
	}
	return &tokens.Error{Code: api.CodeOtherPlace,
		Detail: fmt.Sprintf("%s was changed and leads elsewhere now, so its token is not sent %s. Start the program that asked anew.", name, where)}
}

// forward sends a request to the connection's API with its token; see api.Agent.
func (t *tokenAccess) forward(w http.ResponseWriter, r *http.Request, name, path string) error {
	file, ok := t.configuration.get(name)
	if !ok || file.client == nil { // the manager knows why
		_, err := t.manager.Token(r.Context(), name, tokens.Want{})
		return err
	}
	return proxy.Forward(w, r, path, file.client, apiTokens{t, name, file.client})
}

// apiTokens are a connection's tokens for requests that carry them to the API.
type apiTokens struct {
	access *tokenAccess
	name   string
	client *providers.Client // which knows where the API is
}

// Token is one read in the record, however often the request is sent.
func (t apiTokens) Token(ctx context.Context) (token tokens.Token, err error) {
	if err = t.access.admit(ctx, t.name); err == nil {
		token, err = t.unlessChanged(t.access.manager.Token(ctx, t.name, tokens.Want{}))
	}
	t.access.record(ctx, t.name, audit.API, err)
	return token, err
}

func (t apiTokens) Rejected(ctx context.Context, accessToken string) (tokens.Token, error) {
	return t.unlessChanged(t.access.manager.Rejected(ctx, t.name, accessToken))
}

// unlessChanged keeps back a token that may be of a sign-in from after a change of
// where the API is.
func (t apiTokens) unlessChanged(token tokens.Token, err error) (tokens.Token, error) {
	if err == nil && t.access.configuration.client(t.name) != t.client {
		return tokens.Token{}, &tokens.Error{Code: tokens.CodeTemporarilyUnavailable,
			Detail: fmt.Sprintf("The configuration of %s was changed while this request waited for its token. Send it again.", t.name)}
	}
	return token, err
}

// admit is nil where the caller may read the connection's token. It asks the
// user where the connection's file says so; a click in the tray, which comes
// from no other process, is an answer already.
func (t *tokenAccess) admit(ctx context.Context, name string) error {
	if peer, asks := t.asksAbout(ctx, name); asks {
		return t.gate.Admit(ctx, name, peer)
	}
	return nil
}

// admitChange is admit for a caller that wants to change the connection's settings:
// whoever may not read its token would drop ask, or send it elsewhere.
func (t *tokenAccess) admitChange(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, tokens.DefaultTimeout)
	defer cancel()
	if peer, asks := t.asksAbout(ctx, name); asks {
		return t.gate.AdmitChange(ctx, name, peer)
	}
	return nil
}

// asksAbout is the caller, if the connection's file has the user asked about it.
func (t *tokenAccess) asksAbout(ctx context.Context, name string) (api.Peer, bool) {
	peer, ok := api.PeerOf(ctx)
	file, known := t.configuration.get(name)
	return peer, ok && known && file.conn.Ask
}

// record records that a token was asked for. what is one of audit's words. Only
// names of connections are recorded: what stands in a name's place by mistake
// may be a token.
func (t *tokenAccess) record(ctx context.Context, name, what string, err error) {
	if t.refused != nil {
		t.refused(err)
	}
	if readCode(err) != string(tokens.CodeUnknownConnection) {
		peer, _ := api.PeerOf(ctx)
		t.audit.Read(peer, name, what, err)
	}
}

// auditor is an audit.Log as the agent uses it.
type auditor struct{ *audit.Log }

// Read takes what the kernel said of the caller; a caller that is none is this
// process, where the user clicked.
func (l auditor) Read(peer api.Peer, connection, what string, err error) {
	if peer == (api.Peer{}) {
		peer.PID, peer.UID = os.Getpid(), os.Getuid()
		peer.Exe, _ = os.Executable()
	}
	r := audit.Record{Time: time.Now(), Connection: connection, PID: peer.PID, UID: peer.UID, Exe: peer.Exe, What: what, For: peer.For, Code: readCode(err)}
	if pid, exe, ok := gate.Parent(peer); ok {
		r.ParentPID, r.ParentExe = pid, exe
	}
	l.Add(r)
}

// readCode is why no token was given, in the words of the socket.
func readCode(err error) string {
	var e *tokens.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return string(e.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return string(tokens.CodeTimeout)
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return string(codeFailed)
}
