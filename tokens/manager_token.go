package tokens

import (
	"cmp"
	"context"
	"time"
)

// Token returns a token that satisfies w, waiting for a refresh, if it must,
// until ctx ends. The error is an *Error.
func (m *Manager) Token(ctx context.Context, name string, w Want) (Token, error) {
	return m.wait(ctx, name, func(k *conn, now time.Time) reply { return k.m.serve(now, w) })
}

// Rejected says that an API refused accessToken, and returns the token to use
// now. The error is an *Error.
func (m *Manager) Rejected(ctx context.Context, name, accessToken string) (Token, error) {
	return m.wait(ctx, name, func(k *conn, now time.Time) reply { return k.m.rejected(now, accessToken) })
}

// wait asks the machine, again after each of its events, until it has an answer
// or ctx ends. Whoever gives up cancels nothing for others.
func (m *Manager) wait(ctx context.Context, name string, ask func(*conn, time.Time) reply) (Token, error) {
	k, err := m.find(name)
	if err != nil {
		return Token{}, err
	}
	for patient := true; ; {
		r, tok, changed := m.serveCaller(k, ask)
		switch {
		case r.token != nil && !(r.wait && patient):
			return tok, nil
		case !r.wait && !m.worthWaiting(ctx, r.err):
			return Token{}, r.err
		}
		alarm, stop := m.alarm(r)
		select {
		case <-changed:
		case <-alarm:
			patient = r.short == 0
		case <-ctx.Done():
			if patient = false; r.token == nil {
				stop()
				return Token{}, cmp.Or(r.err, errorTimeout(k.label()))
			}
		case <-m.ctx.Done():
			stop()
			return Token{}, cmp.Or(r.err, errorTimeout(k.label()))
		}
		stop()
	}
}

// alarm fires when a caller that waits is to ask again, whatever happened: when it
// may be told something else, or is to be content with the token there is, of
// which half is gone meanwhile.
func (m *Manager) alarm(r reply) (<-chan time.Time, func()) {
	switch {
	case r.short > 0:
		return m.opts.Clock.After(r.short / 2)
	case r.err != nil && !r.err.RetryAt.IsZero():
		return m.opts.Clock.After(max(r.err.RetryAt.Sub(m.opts.Clock.Now()), minAlarm))
	}
	return nil, func() {}
}

// worthWaiting reports whether the next try comes while the caller still has time.
func (m *Manager) worthWaiting(ctx context.Context, e *Error) bool {
	end, ok := ctx.Deadline()
	if !ok || e.Code != CodeTemporarilyUnavailable || e.RetryAt.IsZero() {
		return false
	}
	left := time.Until(end)
	return e.RetryAt.Sub(m.opts.Clock.Now()) < left-time.Second
}

// label is the provider's name.
func (k *conn) label() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.m.policy.provider
}

// tokenOf is what callers get of a grant.
func tokenOf(g *Grant) Token {
	return Token{
		AccessToken: g.AccessToken, TokenType: g.TokenType, ExpiresAt: timePtr(g.ExpiresAt),
		Scopes: g.Scopes, Account: g.Account.Label, IDToken: g.IDToken, Extra: g.Extra,
	}
}
