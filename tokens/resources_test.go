package tokens

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// putAt configures the connection so that its tokens go to these origins.
func (r *rig) putAt(origins ...string) {
	r.putResources(origins...)
	synctest.Wait()
}

func (r *rig) putResources(origins ...string) {
	r.m.Put(Connection{Name: "work", Config: r.config, Entry: r.entry, Provider: r.provider, Resources: providers.Resources{Origins: append([]string{}, origins...)}})
}

func TestAGrantOfAnOlderRecordIsBoundToTodaysResourcesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.start()
		defer func() { r.quit() }()
		r.connect() // rigBinding has none
		r.putAt("https://api.p.example:443", "https://p.example:443")
		r.wantState(Connected, ReasonNone)
		if got := r.stored().Binding.Resources; !slices.Equal(got, []string{"https://api.p.example:443", "https://p.example:443"}) {
			t.Fatalf("the record is bound to %v", got)
		}
		r.putAt("https://evil.example:443")
		r.wantState(ReconnectRequired, ReasonEndpointsChanged)
		if got := r.stored().Binding.Resources; slices.Contains(got, "https://evil.example:443") {
			t.Fatalf("the record is bound to %v", got)
		}
	})
}

func TestATokenIsNotServedForResourcesThatTheGrantIsNotBoundTo(t *testing.T) {
	const home, elsewhere = "https://api.p.example:443", "https://evil.example:443"
	for _, tt := range []struct {
		name  string
		moves func(t *testing.T, r *rig)
	}{
		{"while it runs", func(t *testing.T, r *rig) { r.putAt(home, elsewhere) }},
		{"before it starts", func(t *testing.T, r *rig) { r.quit(); r.run(); r.putAt(home, elsewhere) }},
		{"while it is renewed", func(t *testing.T, r *rig) {
			saving := make(chan struct{})
			go func() { _, _ = r.m.Refresh(t.Context(), "work"); close(saving) }()
			r.putAt(home, elsewhere)
			<-saving
			synctest.Wait()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, time.Hour)
				r.start()
				defer func() { r.quit() }()
				r.putAt(home)
				r.connect()
				r.putAt(home)
				tt.moves(t, r)
				r.wantState(ReconnectRequired, ReasonEndpointsChanged)
				_, err := r.ask(Want{})
				r.wantCode(err, CodeReconnectRequired)
				r.pass(2 * time.Hour) // the hourly comparison of the endpoints changes nothing
				r.wantState(ReconnectRequired, ReasonEndpointsChanged)
				r.putAt(home)
				if r.token() == "" {
					t.Fatal("the grant did not come back with the configuration")
				}
			})
		})
	}
}

func TestFewerResourcesCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.start()
		defer func() { r.quit() }()
		r.connect()
		r.putAt("https://a.example:443", "https://b.example:443")
		for _, origins := range [][]string{{"https://a.example:443"}, {}, {"https://b.example:443"}} {
			r.putAt(origins...)
			r.wantState(Connected, ReasonNone)
		}
		r.put() // nobody says
		synctest.Wait()
		r.wantState(Connected, ReasonNone)
	})
}

func TestAGrantThatAClockSetBackBringsBackIsComparedAgain(t *testing.T) {
	const home = "https://api.p.example:443"
	for name, changes := range map[string]func(r *rig){
		"the hosts changed": func(r *rig) { r.putAt(home, "https://evil.example:443") },
		"the issuer changed": func(r *rig) {
			r.provider.with(func() {
				r.provider.binding = providers.Binding{ClientID: "client", Origins: []string{"https://evil.example"}}
			})
			r.putAt(home)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.with(func() { r.provider.refreshable = false })
				r.connect()
				r.putAt(home)
				r.clock.jump(2 * time.Hour)
				r.pass(40 * time.Second)
				r.wantState(ReconnectRequired, ReasonExpired)
				changes(r)
				r.clock.jump(-2 * time.Hour)
				r.status() // sees it
				synctest.Wait()
				r.wantNothingServed()
			})
		})
	}
}

func TestARefusalDoesNotCoverThatTheConfigurationLeadsElsewhere(t *testing.T) {
	const home = "https://api.p.example:443"
	for name, changes := range map[string]func(r *rig){
		"the hosts changed": func(r *rig) { r.putResources(home, "https://evil.example:443") },
		"the issuer changed": func(r *rig) {
			r.provider.with(func() {
				r.provider.binding = providers.Binding{ClientID: "client", Origins: []string{"https://evil.example"}}
			})
			r.putResources(home)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
				r.putAt(home)
				r.provider.with(func() { r.provider.always = failure(refusal.Suspect, "strange") })
				r.store.slowGet = time.Second // the record is read again before the grant ends
				_, _ = r.m.Refresh(t.Context(), "work")
				for r.provider.count() < 5 {
					time.Sleep(100 * time.Millisecond)
				}
				changes(r)
				r.pass(time.Minute)
				r.wantNothingServed()
			})
		})
	}
}

// Discovery may take seconds. What it brings is about the binding that was compared,
// whatever the grant has become meanwhile; and about no other sign-in's.
func TestAComparisonIsAboutTheBindingAndNotOneAnswer(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	result := func(n, client, signIn string) providers.Result {
		return providers.Result{
			Answer:  providers.Answer{AccessToken: "a" + n, RefreshToken: "r" + n, ExpiresIn: time.Hour, SentAt: now},
			Binding: providers.Binding{ClientID: client, SignIn: signIn},
		}
	}
	signIn := func(r providers.Result) func(m *machine) {
		return func(m *machine) {
			m.connect(now, firstGrant(r, 2, false))
			m.saved(now, 2, nil)
		}
	}
	for name, tt := range map[string]struct {
		meanwhile func(m *machine)
		want      Reason
	}{
		"renewed": {func(m *machine) {
			m.start(now, Want{})
			m.storeChecked(now, nil)
			m.answered(now, 1, result("2", "", "").Answer, nil)
			m.saved(now, 2, nil)
		}, ReasonEndpointsChanged},
		"parked": {func(m *machine) {
			for range len(suspectPauses) + 1 {
				m.suspect(now, failure(refusal.Suspect, "strange"))
			}
		}, ReasonEndpointsChanged},
		"signed in with another client":     {signIn(result("2", "new", "https://a.example")), ReasonNone},
		"signed in elsewhere, with no name": {signIn(result("2", "old", "")), ReasonNone},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
			m.recordRead(now, firstGrant(result("1", "old", "https://a.example"), 1, false), nil)
			compared := m.served
			tt.meanwhile(m)
			m.bound(now, compared, false)
			if m.reason != tt.want {
				t.Errorf("state is %s/%s, want %q", m.base, m.reason, tt.want)
			}
		})
	}
}

// wantNothingServed wants the grant kept, unused.
func (r *rig) wantNothingServed() {
	r.t.Helper()
	r.wantState(ReconnectRequired, ReasonEndpointsChanged)
	_, err := r.ask(Want{})
	r.wantCode(err, CodeReconnectRequired)
}

func TestAnOlderRecordIsNotBoundToResourcesOfAnotherIssuersConfiguration(t *testing.T) {
	const elsewhere = "https://evil.example:443"
	inBubble(t, time.Hour, func(t *testing.T, r *rig) { // rigBinding has no resources
		r.provider.with(func() {
			r.provider.binding = providers.Binding{ClientID: "client", Origins: []string{"https://evil.example"}}
		})
		r.putAt(elsewhere)
		r.wantNothingServed()
		if got := r.stored().Binding.Resources; got != nil {
			t.Fatalf("the record is bound to %v", got)
		}
		r.provider.with(func() { r.provider.binding = rigBinding })
		r.putAt("https://api.p.example:443")
		r.wantState(Connected, ReasonNone)
		if got := r.stored().Binding.Resources; slices.Contains(got, elsewhere) || len(got) != 1 {
			t.Fatalf("the record is bound to %v", got)
		}
	})
}

func TestNoTokenIsProbedAtAnotherIssuer(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.refreshable, r.provider.liveness = false, providers.Alive })
		r.connect()
		r.put()
		synctest.Wait()
		if _, err := r.reject("access-2"); err == nil || r.provider.probes != 1 {
			t.Fatalf("%d probes at the grant's own issuer: %v", r.provider.probes, err)
		}
		r.pass(time.Minute)
		r.provider.with(func() {
			r.provider.binding = providers.Binding{ClientID: "client", Origins: []string{"https://evil.example"}}
		}) // discovery says so
		if _, err := r.reject("access-2"); err == nil || r.provider.probes != 1 {
			t.Errorf("%d probes after the endpoints moved: %v", r.provider.probes, err)
		}
	})
}
