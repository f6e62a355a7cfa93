package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
)

// elsewhere is every host but the provider's: whatever the agent sends to any of
// them, by any scheme, arrives at one listener, which records it and answers as
// a helpful token endpoint would.
type elsewhere struct {
	*faultkit.Kit
	server *httptest.Server
	mu     sync.Mutex
	home   string // the provider's host
}

func newElsewhere(t *testing.T) *elsewhere {
	e := &elsewhere{Kit: faultkit.New(faultkit.Options{})}
	e.server = httptest.NewServer(e.Wrap(http.HandlerFunc(e.answer)))
	t.Cleanup(e.server.Close)
	return e
}

// evil is an address elsewhere that looks as good as any.
const evil = "https://login.evil.example"

func (e *elsewhere) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.Contains(r.URL.Path, "/.well-known/") {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"revocation_endpoint":%q}`, evil, evil+"/a", evil+"/t", evil+"/r")
		return
	}
	fmt.Fprint(w, `{"access_token":"stolen-at","refresh_token":"stolen-rt","token_type":"Bearer","expires_in":3600}`)
}

// RoundTrip implements http.RoundTripper.
func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	home := e.home
	e.mu.Unlock()
	if r.URL.Host != home {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(e.server.URL, "http://")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// got wants that nothing of these secrets arrived.
func (e *elsewhere) got(t *testing.T, secrets []string) {
	t.Helper()
	for _, r := range e.Received() {
		text, _ := url.QueryUnescape(r.URI + " " + string(r.Body))
		for _, secret := range secrets {
			if strings.Contains(text+r.URI+string(r.Body)+fmt.Sprint(r.Header), secret) {
				t.Errorf("a secret was sent elsewhere: %s to %s", r.Method, r.Host)
			}
		}
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" {
			t.Errorf("a %s was sent to %s", r.Method, r.Host)
		}
	}
}

// movable is a provider whose discovery document can be changed.
type movable struct {
	mu     sync.Mutex
	change func(map[string]any)
	read   int // how often the document was asked for
}

func (m *movable) reads() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read
}

func (m *movable) set(change func(map[string]any)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.change = change
}

func (m *movable) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		change := m.change
		if strings.Contains(r.URL.Path, "/.well-known/") {
			m.read++
		}
		m.mu.Unlock()
		if change == nil || !strings.Contains(r.URL.Path, "/.well-known/") {
			next.ServeHTTP(w, r)
			return
		}
		answer := &faultkit.Answer{Head: http.Header{}}
		next.ServeHTTP(answer, r)
		var document map[string]any
		if json.Unmarshal(answer.Body, &document) == nil {
			change(document)
			answer.Body, _ = json.Marshal(document)
		}
		answer.Send(w)
	})
}

// trap is a world in which what goes elsewhere is seen.
type trap struct {
	*world
	away *elsewhere
	doc  *movable
	kit  *faultkit.Kit // before the provider
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	p := &trap{away: newElsewhere(t), doc: &movable{}}
	p.kit = faultkit.New(faultkit.Options{Match: func(r *http.Request) bool {
		return r.Method == http.MethodPost && slices.Contains([]string{"/token", "/revoke", "/device_authorization"}, r.URL.Path)
	}})
	p.world = newWorld(t, func(o *Options) { o.Transport = p.away })
	p.provider = practicetest.Start(t, server.Options{}, p.doc.wrap, p.kit.Wrap)
	p.away.home = strings.TrimPrefix(p.provider.Issuer, "http://")
	return p
}

// secretly is a connection with a client secret.
func (p *trap) secretly() map[string]any {
	conn := p.practice()
	conn["client_id"] = server.ConfidentialClient
	conn["override"] = map[string]any{"client": map[string]any{"secret": "required", "auth": "post"}}
	return conn
}

func (p *trap) addSecretly() {
	p.t.Helper()
	p.call("PUT", "/connections/work", p.secretly()).ok()
	p.call("PUT", "/connections/work/secret", map[string]string{"client_secret": server.ConfidentialSecret}).ok()
}

// overridden is that connection with one more field overridden.
func (p *trap) overridden(field, value string) map[string]any {
	conn := p.secretly()
	conn["override"].(map[string]any)[field] = value
	return conn
}

// secrets are those of the grant that the store holds, and the client's.
func (p *trap) secrets() []string {
	p.t.Helper()
	data, err := p.store.Get(context.Background(), "work")
	var g tokens.Grant
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil || g.RefreshToken == "" {
		p.t.Fatalf("no grant in the store: %v", err)
	}
	return []string{g.RefreshToken, g.AccessToken, server.ConfidentialSecret}
}

func TestAGrantIsSentToNobodyElse(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *trap)
		moved  bool // the connection asks to reconnect
	}{
		{"another token endpoint in the configuration", func(p *trap) {
			p.call("PUT", "/connections/work", p.overridden("token", evil+"/token")).ok()
		}, true},
		{"another refresh endpoint in the configuration", func(p *trap) {
			p.call("PUT", "/connections/work", p.overridden("refresh", evil+"/token")).ok()
		}, true},
		{"another issuer in the configuration", func(p *trap) {
			p.call("PUT", "/connections/work", p.overridden("issuer", evil)).ok()
		}, true},
		{"another client in the configuration", func(p *trap) {
			conn := p.secretly()
			conn["client_id"] = "somebody-else"
			p.call("PUT", "/connections/work", conn).ok()
		}, true},
		{"another port of the same host", func(p *trap) {
			conn := p.secretly()
			conn["vars"] = map[string]string{"port": p.away.server.URL[strings.LastIndexByte(p.away.server.URL, ':')+1:]}
			p.call("PUT", "/connections/work", conn).ok()
		}, true},
		{"plain http in the configuration", func(p *trap) {
			p.call("PUT", "/connections/work", p.overridden("token", "http://login.evil.example/token")).problem(tokens.CodeBadRequest, 400)
			p.edit("work", p.read("work")+"token = \"http://login.evil.example/token\"\n")
		}, false},
		{"another token endpoint in the catalogue", func(p *trap) { p.ownEntry("token = \"" + evil + "/token\"\n") }, true},
		{"another refresh endpoint in the catalogue", func(p *trap) { p.ownEntry("refresh = \"" + evil + "/token\"\n") }, true},
		{"another revocation endpoint in the catalogue", func(p *trap) { p.ownEntry("[revoke]\nurl = \"" + evil + "/revoke\"\n") }, true},
		{"another issuer in the catalogue", func(p *trap) { p.ownEntry("issuer = \"" + evil + "\"\n") }, true},
		{"plain http in the catalogue", func(p *trap) { p.ownEntry("token = \"http://login.evil.example/token\"\n") }, false},
		{"another token endpoint in discovery", func(p *trap) {
			p.doc.set(func(m map[string]any) { m["token_endpoint"] = evil + "/token" })
			p.clock.pass(2 * time.Hour)
		}, true},
		{"a token endpoint on plain http in discovery", func(p *trap) {
			p.doc.set(func(m map[string]any) { m["token_endpoint"] = "http://login.evil.example/token" })
			p.clock.pass(2 * time.Hour)
		}, false},
		{"a discovery document of another issuer", func(p *trap) {
			p.doc.set(func(m map[string]any) { m["issuer"], m["token_endpoint"] = evil, evil+"/token" })
			p.clock.pass(2 * time.Hour)
		}, false},
		{"a revocation endpoint elsewhere in discovery", func(p *trap) {
			p.doc.set(func(m map[string]any) { m["revocation_endpoint"] = evil + "/revoke" })
			p.clock.pass(2 * time.Hour)
		}, false},
		{"a token endpoint that redirects", func(p *trap) { p.kit.Otherwise(faultkit.Redirect(307, evil+"/token")) }, false},
		{"a token endpoint that redirects for good", func(p *trap) { p.kit.Otherwise(faultkit.Redirect(308, evil+"/token")) }, false},
		{"a token endpoint that has moved", func(p *trap) { p.kit.Otherwise(faultkit.Redirect(301, evil+"/token")) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTrap(t)
			p.addSecretly()
			p.ownEntry("")
			p.connect("work", "ada")
			secrets := p.secrets()
			before := p.kit.Matched() + p.doc.reads()
			c.change(p)
			p.call("POST", "/connections/work/refresh", nil)
			p.call("POST", "/connections/work/rejected?timeout=1s", map[string]string{"access_token": secrets[1]})
			if st := p.seen("work"); c.moved && (st.State != tokens.ReconnectRequired || st.Reason != tokens.ReasonEndpointsChanged) {
				t.Errorf("the state is %s (%s)", st.State, st.Reason)
			}
			p.call("DELETE", "/connections/work/grant", nil)
			if !c.moved && p.kit.Matched()+p.doc.reads() == before {
				t.Error("nothing was tried, so that nothing could be sent elsewhere")
			}
			p.away.got(t, secrets)
		})
	}
}

// ownEntry makes the connection's provider an entry of the user's own, which
// extends practice; more is added to it.
func (p *trap) ownEntry(more string) {
	p.t.Helper()
	text := "id = \"mine\"\nname = \"Mine\"\nextends = \"practice\"\n" + more
	path := filepath.Join(p.paths.Providers(), "mine.toml")
	if err := os.MkdirAll(p.paths.Providers(), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, "the catalogue is read again", func() bool {
		r := p.call("GET", "/providers/mine", nil)
		return r.status == 200 && (more == "" || strings.Contains(string(r.body), evil) || strings.Contains(p.logText(), "mine.toml"))
	})
	conn := p.secretly()
	conn["provider"] = "mine"
	p.call("PUT", "/connections/work", conn).ok()
}

// A code, its verifier and the client secret go where the authorization request
// said, or nowhere.
func TestACodeIsSentToNobodyElse(t *testing.T) {
	for _, c := range []struct {
		name    string
		between func(p *trap) // when the person has said yes, and the browser is not back yet
		back    func(redirect string) string
	}{
		{"another iss in the answer", nil, func(redirect string) string { return withQuery(redirect, "iss", evil) }},
		{"no iss where it is announced", nil, func(redirect string) string { return withQuery(redirect, "iss", "") }},
		{"another token endpoint in the configuration", func(p *trap) {
			p.call("PUT", "/connections/work", p.overridden("token", evil+"/token")).ok()
		}, nil},
		{"another token endpoint in discovery", func(p *trap) {
			p.doc.set(func(m map[string]any) { m["token_endpoint"] = evil + "/token" })
			p.clock.pass(5 * time.Minute)
		}, nil},
		{"another issuer in discovery", func(p *trap) {
			p.doc.set(func(m map[string]any) { m["issuer"], m["token_endpoint"] = evil, evil+"/token" })
			p.clock.pass(5 * time.Minute)
		}, nil},
		{"a token endpoint that redirects", func(p *trap) { p.kit.Otherwise(faultkit.Redirect(307, evil+"/token")) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTrap(t)
			p.addSecretly()
			p.begin("work", nil) // discovery is read, and is an hour old in five minutes
			p.call("DELETE", "/connections/work/connect", nil).ok()
			p.clock.pass(57 * time.Minute)
			at, end := p.waiting("work", nil)
			redirect, err := practicetest.Consent(t.Context(), at.URL, "ada")
			if err != nil {
				t.Fatal(err)
			}
			if c.between != nil {
				c.between(p)
			}
			if c.back != nil {
				redirect = c.back(redirect)
			}
			if resp, err := http.Get(redirect); err == nil { // the listener may have gone already
				resp.Body.Close()
			}
			if r := <-end; r.status < 400 {
				t.Errorf("connected all the same: %s", r.body)
			}
			u, _ := url.Parse(redirect)
			p.away.got(t, []string{u.Query().Get("code"), u.Query().Get("state"), server.ConfidentialSecret})
		})
	}
}

// Before there is a grant there is nothing that a changed document could be
// compared with. The client secret keeps to where the issuer is all the same.
func TestAFirstConnectSendsTheSecretToNobodyElse(t *testing.T) {
	for _, c := range []struct {
		name, mode, member, value string
		begins                    bool
	}{
		{"a token endpoint on plain http", "url", "token_endpoint", "http://login.evil.example/token", false},
		{"a token endpoint on plain http, by a device", "device", "token_endpoint", "http://login.evil.example/token", false},
		{"a device endpoint on plain http", "device", "device_authorization_endpoint", "http://login.evil.example/device", false},
		{"a device endpoint elsewhere", "device", "device_authorization_endpoint", evil + "/device", false},
		{"a PAR endpoint on plain http", "browser", "pushed_authorization_request_endpoint", "http://login.evil.example/par", false},
		{"a PAR endpoint elsewhere", "browser", "pushed_authorization_request_endpoint", evil + "/par", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTrap(t)
			p.addSecretly()
			p.doc.set(func(m map[string]any) { m[c.member] = c.value })
			r := p.call("POST", "/connections/work/connect", map[string]string{"mode": c.mode})
			if begins := r.status < 400; begins != c.begins {
				t.Errorf("answered %d %s", r.status, r.body)
			}
			if p.doc.reads() == 0 {
				t.Error("nothing was tried")
			}
			p.call("DELETE", "/connections/work/connect", nil)
			p.away.got(t, []string{server.ConfidentialSecret})
		})
	}
}

func withQuery(raw, name, value string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	q := u.Query()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// The mix-up attack (RFC 9207 §1): a malicious provider sends the person on to
// an honest one, so that the honest one's code comes back to a flow that would
// redeem it at the malicious one.
func TestTheCodeOfAnotherIssuerIsNotRedeemed(t *testing.T) {
	p := newTrap(t)
	conn := p.practice()
	conn["provider"], conn["vars"] = "oidc", map[string]string{"issuer": evil}
	conn["client_id"] = server.PublicClient
	conn["override"] = map[string]any{
		"authorize": p.provider.Issuer + "/authorize", "token": evil + "/token",
		"client": map[string]any{"secret": "none", "auth": "none"},
	}
	p.call("PUT", "/connections/work", conn).ok()
	at, end := p.waiting("work", nil)
	redirect, err := practicetest.Consent(t.Context(), at.URL, "ada")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(redirect)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if r := <-end; r.status < 400 || !strings.Contains(string(r.body), "issuer") {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	u, _ := url.Parse(redirect)
	p.away.got(t, []string{u.Query().Get("code")})
}

func TestADeviceCodeAndTheSecretAreSentToNobodyElse(t *testing.T) {
	p := newTrap(t)
	p.addSecretly()
	p.kit.Script(faultkit.Redirect(307, evil+"/device"))
	if r := p.call("POST", "/connections/work/connect", map[string]string{"mode": "device"}); r.status < 400 {
		t.Errorf("answered %d", r.status)
	}
	p.kit.Script(faultkit.Pass())
	p.kit.Otherwise(faultkit.Redirect(307, evil+"/token"))
	at := p.begin("work", map[string]any{"mode": "device"})
	if err := practicetest.ApproveDevice(t.Context(), at.URL, "ada"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the token endpoint was polled", func() bool { return p.kit.Matched() >= 3 })
	p.call("DELETE", "/connections/work/connect", nil)
	p.away.got(t, []string{server.ConfidentialSecret, "device_code"})
}

// A token without a refresh token is tried at whoami when a tool says that it is
// rejected; where discovery now names another host for that, nothing is sent.
func TestATokenIsTriedNowhereElse(t *testing.T) {
	p := newTrap(t)
	conn := p.secretly()
	conn["scopes"] = []string{"openid", "profile"} // and so no refresh token
	p.call("PUT", "/connections/work", conn).ok()
	p.call("PUT", "/connections/work/secret", map[string]string{"client_secret": server.ConfidentialSecret}).ok()
	p.provider.SetLifetime(24 * time.Hour)
	p.connect("work", "ada")
	token := p.call("GET", "/connections/work/token", nil).token().AccessToken
	p.doc.set(func(m map[string]any) { m["userinfo_endpoint"] = evil + "/userinfo" })
	p.clock.pass(2 * time.Hour)
	p.call("POST", "/connections/work/rejected?timeout=1s", map[string]string{"access_token": token})
	p.away.got(t, []string{token})
}
