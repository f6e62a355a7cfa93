package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// lockedStore takes nothing until it is unlocked.
type lockedStore struct {
	store.Store
	opens bool // when the user is asked
	asked int
	open  bool
}

func (s *lockedStore) Check(context.Context) error {
	if !s.open {
		return store.ErrLocked
	}
	return nil
}

func (s *lockedStore) Set(ctx context.Context, key string, value []byte) error {
	if !s.open {
		return store.ErrLocked
	}
	return s.Store.Set(ctx, key, value)
}

func (s *lockedStore) Unlock(ctx context.Context) error {
	s.asked++
	s.open = s.opens
	return s.Check(ctx)
}

func TestKeychainAsksToUnlockForAClientSecret(t *testing.T) {
	for _, opens := range []bool{true, false} {
		s := &lockedStore{Store: store.Memory(), opens: opens}
		k := &keychain{store: s, ended: t.Context(), log: slog.New(slog.DiscardHandler)}
		err := k.setSecret(t.Context(), "work", "s3cret")
		kept, _ := k.secret(t.Context(), secretKey("work"))
		var e *tokens.Error
		switch {
		case s.asked != 1:
			t.Errorf("asked %d times", s.asked)
		case opens && (err != nil || kept != "s3cret"):
			t.Errorf("unlocked: %v", err)
		case !opens && (!errors.As(err, &e) || e.Reason != tokens.ReasonKeychainLocked || e.Hint != "authtray unlock" || kept != ""):
			t.Errorf("still locked: %v", err)
		}
	}
}

func newTestClients(t *testing.T) *registeredClients {
	o := folders(t)
	return &registeredClients{
		records: config.NewClients(o.Paths.State), keychain: &keychain{store: o.Store, ended: t.Context(), log: o.Log},
		configuration: newConfiguration(o.Paths, o.Log),
		manager:       tokens.New(tokens.Options{Store: o.Store, Notes: config.Notes(o.Paths.State), Log: o.Log}),
		now:           time.Now, log: o.Log,
	}
}

func TestRegisteredClientsDoubtAClientAfterASilentEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ended error
		doubt bool
	}{
		{"timed out", providers.ErrTimedOut, true},
		{"canceled by the person", providers.ErrCanceled, true},
		{"canceled by the agent", context.Canceled, true},
		{"client refused", &refusal.Failure{Code: "invalid_client"}, true},
		{"denied", providers.ErrDenied, false},
		{"another refusal", &refusal.Failure{Code: "invalid_grant"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTestClients(t)
			c.doubt("work", tt.ended)
			if c.records.Load("work").Doubted {
				t.Error("a client that nobody registered is doubted")
			}
			r := config.Registered{Registration: providers.Registration{ClientID: "abc", Issuer: "https://issuer.example", RedirectURI: "http://127.0.0.1/callback"}}
			if err := c.records.Save("work", r); err != nil {
				t.Fatal(err)
			}
			c.doubt("work", tt.ended)
			if got := c.records.Load("work").Doubted; got != tt.doubt {
				t.Errorf("doubted: %t", got)
			}
			if c.keeps("work", r.Registration, r.Issuer) == tt.doubt {
				t.Error("a client is used for the next sign-in if it is not doubted")
			}
			if c.keeps("work", r.Registration, "https://other.example") {
				t.Error("a client of another issuer is used")
			}
		})
	}
}

func TestRegisteredClientsForgetRecordAndSecret(t *testing.T) {
	c := newTestClients(t)
	if err := c.records.Save("work", config.Registered{Registration: providers.Registration{ClientID: "abc"}}); err != nil {
		t.Fatal(err)
	}
	if err := c.keychain.store.Set(t.Context(), registeredKey("work"), []byte("s3cret")); err != nil {
		t.Fatal(err)
	}
	c.forget(t.Context(), "work")
	c.forget(t.Context(), "work")
	if c.records.Load("work").ClientID != "" {
		t.Error("the client is still known")
	}
	if kept, err := c.keychain.secret(t.Context(), registeredKey("work")); kept != "" || err != nil {
		t.Error("the secret is still kept")
	}
}

// What reads a provider's answers beside every request must not end the agent, nor
// show what it read.
func TestBackgroundOutlivesAPanic(t *testing.T) {
	var log bytes.Buffer
	work := background{log: slog.New(slog.NewTextHandler(&log, nil))}
	work.start("files", func() { panic("the answer was at-secret") })
	work.wait()
	if text := log.String(); !strings.Contains(text, "connection=files") || strings.Contains(text, "at-secret") {
		t.Errorf("the log has %q", text)
	}
}

func TestUnlockOpensTheKeychainOrSaysWhyNot(t *testing.T) {
	for _, opens := range []bool{true, false} {
		t.Run(fmt.Sprint("the user opens it: ", opens), func(t *testing.T) {
			s := &lockedStore{Store: store.Memory(), opens: opens}
			a := &Agent{keychain: &keychain{store: s, ended: t.Context(), log: slog.New(slog.DiscardHandler)}}
			err := a.Unlock(t.Context())
			var e *tokens.Error
			if opens && err != nil || !opens && (!errors.As(err, &e) || e.Code != tokens.CodeKeychainLocked || e.Hint != "authtray unlock") {
				t.Errorf("%v", err)
			}
		})
	}
}
