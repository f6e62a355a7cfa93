package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
)

// panicking is a provider whose answers bring out a fault of ours.
type panicking struct {
	*rigProvider
	in string
}

func (p *panicking) trap(what string) {
	trapped := false
	p.with(func() { trapped = what == p.in })
	if trapped {
		panic("with the secret-of-the-answer in it")
	}
}

func (p *panicking) Refresh(ctx context.Context, r providers.RefreshRequest) (providers.Answer, error) {
	p.trap("refresh")
	return p.rigProvider.Refresh(ctx, r)
}

func (p *panicking) Binding(ctx context.Context) (providers.Binding, error) {
	p.trap("binding")
	return p.rigProvider.Binding(ctx)
}

func (p *panicking) Revoke(ctx context.Context, r providers.Revocation) error {
	p.trap("revoke")
	return p.rigProvider.Revoke(ctx, r)
}

func (p *panicking) Probe(ctx context.Context, token string, extra map[string]json.RawMessage) providers.Liveness {
	p.trap("probe")
	return p.rigProvider.Probe(ctx, token, extra)
}

func (p *panicking) Scopes(ctx context.Context, token string, b providers.Binding) []string {
	p.trap("scopes")
	return p.rigProvider.Scopes(ctx, token, b)
}

// A panic over what came from outside is logged, costs one try, and neither the
// process nor what other callers wait for.
func TestManagerOutlivesAPanicOverAnAnswer(t *testing.T) {
	for _, in := range []string{"refresh", "binding", "binding of a probe", "revoke", "probe", "scopes"} {
		t.Run(in, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				var log bytes.Buffer
				r.m.opts.Log = slog.New(slog.NewTextHandler(&log, nil))
				p := &panicking{rigProvider: r.provider, in: strings.TrimSuffix(in, " of a probe")}
				if strings.HasSuffix(in, "probe") {
					r.provider.with(func() { r.provider.refreshable = false })
					r.connect()
				}
				r.m.Put(Connection{Name: "work", Config: r.config, Entry: r.entry, Provider: p})
				r.pass(time.Minute)
				switch in {
				case "refresh":
					_, err := r.m.Refresh(t.Context(), "work")
					r.wantCode(err, CodeTemporarilyUnavailable)
					p.with(func() { p.in = "" })
					r.pass(time.Minute)
					r.wantState(Connected, ReasonNone)
				case "revoke":
					if _, err := r.m.Disconnect(t.Context(), "work"); err == nil || r.stored() != nil {
						t.Errorf("the disconnection says %v, in the keychain %v", err, r.stored())
					}
				case "probe", "binding of a probe":
					_, err := r.reject("access-2")
					r.wantCode(err, CodeTemporarilyUnavailable)
				case "binding":
					r.token()
				case "scopes":
					p.with(func() { p.unstated = true })
					_, err := r.ask(readOnly)
					r.wantCode(err, CodeBadRequest)
					if _, err := r.m.Refresh(t.Context(), "work"); err != nil {
						t.Errorf("no other refresh is begun: %v", err)
					}
				}
				if text := log.String(); !strings.Contains(text, "panic") || strings.Contains(text, "secret-of-the-answer") {
					t.Errorf("the log says %q", text)
				}
			})
		})
	}
}
