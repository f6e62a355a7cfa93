package config

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

const goldenDir = "../../tokens/testdata/golden"

// golden is a state folder and a keychain of an older version, in use.
type golden struct {
	t         *testing.T
	items     *storetest.Items
	state     string
	wall      time.Time
	begun     time.Time
	provider  *goldenProvider
	resources []string // where the configuration sends tokens; nil: nobody says
	m         *tokens.Manager
	stop      func()
}

// goldenClock starts a minute after the records were written.
type goldenClock struct{ wall, start time.Time }

func (c goldenClock) Now() time.Time         { return c.wall.Add(c.Elapsed()) }
func (c goldenClock) Elapsed() time.Duration { return time.Since(c.start) }
func (c goldenClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// goldenProvider is where those grants are from. It answers no refresh.
type goldenProvider struct {
	origin        string
	hits, revoked int
}

func (p *goldenProvider) Binding(context.Context) (providers.Binding, error) {
	return providers.Binding{ClientID: "client", Origins: []string{p.origin}}, nil
}

func (p *goldenProvider) Refresh(_ context.Context, r providers.RefreshRequest) (providers.Answer, error) {
	if r.Binding.Origins[0] != p.origin {
		return providers.Answer{}, refusal.ErrBindingChanged
	}
	p.hits++
	return providers.Answer{}, &refusal.Failure{Class: refusal.Transient, Code: "http_503", Status: 503, Detail: "Down."}
}

func (p *goldenProvider) Revoke(context.Context, providers.Revocation) error { p.revoked++; return nil }

func (p *goldenProvider) Scopes(context.Context, string, providers.Binding) []string { return nil }

func (p *goldenProvider) Probe(context.Context, string, map[string]json.RawMessage) providers.Liveness {
	return providers.Unclear
}

// lockedItems is a keychain that nobody opens but the test.
type lockedItems struct{ *storetest.Items }

func (lockedItems) Unlock(context.Context) error { return store.ErrLocked }

// openGolden copies the records named and starts a manager on them.
func openGolden(t *testing.T, name string, locked bool) *golden {
	g := &golden{t: t, begun: time.Now(), items: storetest.NewItems(), state: t.TempDir(), provider: &goldenProvider{origin: "https://p.example"}}
	if err := os.CopyFS(g.state, os.DirFS(filepath.Join(goldenDir, name, "state"))); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(goldenDir, name, "keychain.json"))
	var texts map[string]string
	if err := errors.Join(err, json.Unmarshal(b, &texts)); err != nil {
		t.Fatal(err)
	}
	for item, text := range texts {
		g.items.Put(item, text)
	}
	if g.wall = time.Date(2026, 11, 23, 10, 57, 0, 0, time.UTC); name == "split" {
		g.wall = g.wall.Add(56 * time.Minute) // it was renewed twice
	}
	if locked {
		g.items.Lock()
	}
	return g
}

func (g *golden) start() {
	g.m = newGoldenManager(g)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { g.m.Run(ctx); close(ended) }()
	g.stop = func() { cancel(); <-ended }
	g.m.Put(tokens.Connection{Name: "work", Provider: g.provider, Resources: providers.Resources{Origins: g.resources}})
	g.pass()
}

func newGoldenManager(g *golden) *tokens.Manager {
	return tokens.New(tokens.Options{
		Store: store.Split(lockedItems{g.items}), Notes: Notes(g.state), Clock: goldenClock{g.wall, g.begun},
	})
}

// pass lets what is due be done.
func (g *golden) pass() {
	time.Sleep(20 * time.Second)
	synctest.Wait()
}

func (g *golden) status() tokens.Status {
	g.t.Helper()
	st, err := g.m.Status("work")
	if err != nil {
		g.t.Fatal(err)
	}
	return st
}

// goldenCase is what becomes of a folder.
type goldenCase struct {
	state    tokens.State
	reason   tokens.Reason
	announce bool
	token    string // how the token that is served begins; "": none is
	revoked  int
	origin   string // where the configuration leads; "": where the grant is from
}

var goldenCases = map[string]goldenCase{
	"connected":           {state: tokens.Connected, token: "made-up-access-2"},
	"split":               {state: tokens.Connected, token: "made-up-access-3.made-up"},
	"dead":                {state: tokens.ReconnectRequired, reason: tokens.ReasonRevoked},
	"dead-untold":         {state: tokens.ReconnectRequired, reason: tokens.ReasonRevoked, announce: true},
	"dead-locked":         {state: tokens.ReconnectRequired, reason: tokens.ReasonRevoked},
	"disconnected":        {state: tokens.Disconnected},
	"disconnected-locked": {state: tokens.Disconnected, revoked: 1},
	"disconnected-unread": {state: tokens.Disconnected, revoked: 1},
	"sign-in-not-kept":    {state: tokens.ReconnectRequired, reason: tokens.ReasonNotKept, announce: true},
	"killed-midway":       {state: tokens.Retrying, reason: tokens.ReasonProviderTrouble, token: "made-up-access-1"},
	"endpoints-changed":   {state: tokens.ReconnectRequired, reason: tokens.ReasonEndpointsChanged, origin: "https://elsewhere.example"},
}

func TestGoldenFoldersOfAnOlderVersionAreTakenOver(t *testing.T) {
	for name, want := range goldenCases {
		for _, locked := range []bool{false, true} {
			t.Run(name+map[bool]string{true: "/locked at the start"}[locked], func(t *testing.T) {
				want := want
				synctest.Test(t, func(t *testing.T) {
					g := openGolden(t, name, locked)
					if want.origin != "" {
						g.provider.origin = want.origin
					}
					g.start()
					defer func() { g.stop() }()
					if locked {
						g.wantNothingUsed(want)
						g.items.Unlock(t.Context())
						g.pass()
					}
					g.want(want)
					if want.announce {
						g.m.Announced("work")
						want.announce = false
					}
					g.wantTakenOver(want)
					g.stop()
					g.start() // and once more, from what has become of it
					g.want(want)
				})
			})
		}
	}
}

func TestGoldenGrantsAreBoundToTodaysResourcesOnce(t *testing.T) {
	const home, elsewhere = "https://api.p.example:443", "https://evil.example:443"
	for _, name := range []string{"connected", "split"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := openGolden(t, name, false)
				g.resources = []string{home}
				g.start()
				defer func() { g.stop() }()
				g.want(goldenCases[name])
				text := ""
				for _, item := range g.items.Names() {
					text += g.items.Text(item)
				}
				if !strings.Contains(text, home) {
					t.Fatal("the record is not bound to where the configuration sent tokens when it was read")
				}
				g.stop()
				g.resources = []string{home, elsewhere}
				g.start()
				g.want(goldenCase{state: tokens.ReconnectRequired, reason: tokens.ReasonEndpointsChanged, announce: true})
				g.stop()
				g.resources = []string{home}
				g.start()
				if st := g.status(); st.State == tokens.ReconnectRequired {
					t.Fatalf("it is %s/%s", st.State, st.Reason)
				}
			})
		})
	}
}

// wantNothingUsed holds that a keychain which cannot be read yet brings nothing
// to life, and that nothing about it is forgotten meanwhile.
func (g *golden) wantNothingUsed(want goldenCase) {
	g.t.Helper()
	st := g.status()
	if st.State == tokens.Connected || g.provider.hits+g.provider.revoked > 0 {
		g.t.Fatalf("the keychain is locked: %s, %d refreshes, %d revocations", st.State, g.provider.hits, g.provider.revoked)
	}
	if _, err := g.m.Token(g.t.Context(), "work", tokens.Want{}); err == nil {
		g.t.Fatal("a token is served from a keychain that is locked")
	}
}

func (g *golden) want(want goldenCase) {
	g.t.Helper()
	st := g.status()
	if st.State != want.state || st.Reason != want.reason || st.Announce != want.announce {
		g.t.Fatalf("it is %s/%s, announce %t, want %s/%s, announce %t", st.State, st.Reason, st.Announce, want.state, want.reason, want.announce)
	}
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Second)
	defer cancel()
	tok, err := g.m.Token(ctx, "work", tokens.Want{MinValid: time.Second})
	if (err == nil) != (want.token != "") || !strings.HasPrefix(tok.AccessToken, want.token) {
		g.t.Fatalf("the token is %.20q, %v", tok.AccessToken, err)
	}
	if g.provider.revoked != want.revoked || want.state != tokens.Retrying && g.provider.hits > 0 {
		g.t.Fatalf("%d revocations, %d refreshes", g.provider.revoked, g.provider.hits)
	}
}

// wantTakenOver holds that nothing is left of what older versions kept outside the
// keychain, and that the record says all of it.
func (g *golden) wantTakenOver(want goldenCase) {
	g.t.Helper()
	g.pass()
	if names := NoteNames(g.state); len(names) > 0 {
		g.t.Errorf("left in the state folder: %q", names)
	}
	if left, _ := filepath.Glob(filepath.Join(g.state, "verdicts", "*")); len(left) > 0 {
		g.t.Errorf("left in the state folder: %q", left)
	}
	all := ""
	for _, item := range g.items.Names() {
		all += g.items.Text(item)
	}
	alive := want.state == tokens.Connected || want.state == tokens.Retrying || want.reason == tokens.ReasonEndpointsChanged
	if strings.Contains(all, "made-up") != alive || (want.state == tokens.Disconnected) != (all == "") {
		g.t.Errorf("the keychain holds %q", all)
	}
}
