package tokens

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers"
)

// putAt configures the connection so that its tokens go to these origins.
func (r *rig) putAt(origins ...string) {
	r.m.Put(Connection{Name: "work", Config: r.config, Entry: r.entry, Provider: r.provider, Resources: providers.Resources{Origins: append([]string{}, origins...)}})
	synctest.Wait()
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
