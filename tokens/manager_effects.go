package tokens

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
)

// perform carries out one effect and brings its answer back as an event.
func (m *Manager) perform(k *conn, e effect) {
	defer m.recovered(k, nil)
	switch e.kind {
	case readRecord:
		g, err := m.load(m.ctx, k)
		m.event(k, func(now time.Time) { k.m.recordRead(now, g, err) })
	case checkStore:
		err := m.checkStore(k, e.most)
		m.event(k, func(now time.Time) { k.m.storeChecked(now, err) })
	case saveRecord:
		m.performSave(k, e.grant)
	case eraseRecord:
		err := m.opts.Store.Delete(m.ctx, k.name)
		m.event(k, func(now time.Time) { k.m.erased(now, err) })
	case saveNote, clearNote:
		var err error
		if e.kind == saveNote {
			err = m.opts.Notes.Save(k.name, *e.note)
		} else {
			err = m.opts.Notes.Clear(k.name)
		}
		if err != nil {
			m.opts.Log.Warn("the state folder cannot be written", "connection", k.name, "err", err)
		}
		m.event(k, func(now time.Time) { k.m.noteDone(now, e.kind, e.note, err) })
	default:
		m.performRemote(k, e)
	}
}

// remoteTimeout leaves the request itself its whole time where the provider is slow
// to say where its endpoints are.
const remoteTimeout = 2*providers.RequestTimeout + 5*time.Second

func (m *Manager) performRemote(k *conn, e effect) {
	ctx, cancel := context.WithTimeout(m.ctx, remoteTimeout)
	defer cancel()
	k.mu.Lock()
	p, generation, away := k.asks, e.grant.Generation, e.kind == askProvider && k.m.bindingDiffers()
	if e.kind == sendRefresh {
		k.abort = cancel
	}
	k.mu.Unlock()
	if p == nil || away { // the configuration cannot be used, and never could, or leads elsewhere since
		m.event(k, func(now time.Time) {
			switch e.kind { // no refresh is begun
			case askProvider:
				k.m.probed(now, generation, providers.Unclear, nil)
			case revokeGrant:
				k.m.revoked(now, errNobody)
			}
		})
		return
	}
	switch e.kind {
	case sendRefresh:
		a, err := guarded(m, k, func() (providers.Answer, error) { return p.Refresh(ctx, refreshRequest(e)) })
		if errors.Is(err, errPanic) { // the answer is lost: it may have rotated
			err = &refusal.Failure{Class: refusal.Transient, Code: "internal", Lost: true, Detail: "The answer could not be read.", Err: err}
		}
		if err != nil {
			m.opts.Log.Info("refresh failed", "connection", k.name, "err", err)
		}
		m.opts.Step(k.name, "answered")
		m.event(k, func(now time.Time) { k.m.answered(now, generation, a, err) })
	case askProvider:
		err := m.checkStore(k, 0)
		l, _ := guarded(m, k, func() (providers.Liveness, error) {
			if b, not := p.Binding(ctx); err != nil || not != nil || !e.grant.Binding.LeadsTo(b) { // or another issuer would have the token
				return providers.Unclear, nil
			}
			return p.Probe(ctx, e.grant.AccessToken, e.grant.Extra), nil
		})
		m.event(k, func(now time.Time) { k.m.probed(now, generation, l, err) })
	case askScopes:
		scopes, _ := guarded(m, k, func() ([]string, error) { return p.Scopes(ctx, e.grant.AccessToken, e.grant.Binding), nil })
		m.event(k, func(time.Time) { k.m.proven(e.grant.AccessToken, scopes) })
	case compareBinding:
		b, err := p.Binding(ctx)
		m.event(k, func(now time.Time) {
			if err == nil && k.asks == p { // else the configuration changed, and is compared by itself
				k.m.bound(now, e.grant, e.grant.Binding.LeadsTo(b))
			}
		})
	case revokeGrant:
		_, err := guarded(m, k, func() (any, error) {
			return nil, p.Revoke(ctx, providers.Revocation{AccessToken: e.grant.AccessToken, RefreshToken: e.grant.RefreshToken, Binding: e.grant.Binding, Extra: e.grant.Extra})
		})
		if err != nil {
			m.opts.Log.Info("the provider did not revoke a grant", "connection", k.name, "err", err)
		}
		m.event(k, func(now time.Time) { k.m.revoked(now, err) })
	}
}

// errPanic is a fault of ours that a provider's answer or a record brought out.
var errPanic = errors.New("a fault in Authtray; the log has it")

// recovered logs a panic of whoever defers it, and makes an error of it. The value
// may hold what was being read, so only its type is logged.
func (m *Manager) recovered(k *conn, err *error) {
	if v := recover(); v != nil {
		m.opts.Log.Error("panic", "connection", k.name, "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
		if err != nil {
			*err = errPanic
		}
	}
}

// guarded is f, whose panic is an error.
func guarded[T any](m *Manager, k *conn, f func() (T, error)) (out T, err error) {
	defer m.recovered(k, &err)
	return f()
}

// errNobody is why nothing is sent for a connection without a provider.
var errNobody = &refusal.Failure{Class: refusal.Misconfigured, Code: "configuration", Detail: "The connection's configuration cannot be used."}

func refreshRequest(e effect) providers.RefreshRequest {
	g, scopes := e.grant, e.want.Scopes
	if e.want.plain() && g.Narrowed {
		scopes = g.Scopes // else some providers take the last, narrower ones for all there is
	}
	return providers.RefreshRequest{
		RefreshToken: g.RefreshToken, AccessToken: g.AccessToken, Binding: g.Binding, Extra: g.Extra,
		Scopes: scopes, Resource: e.want.Resource,
	}
}

func (m *Manager) performSave(k *conn, g *Grant) {
	m.opts.Step(k.name, "saving")
	stored, err := m.compare(m.ctx, k)
	if g.olderThan(stored) {
		err = errors.New("there is a newer one")
	} else if stored != nil && len(g.Given) == 0 { // a sign-in takes the place of what was not read before
		g = g.changed(func(n *Grant) { n.Given = stored.Given })
	}
	b, unfit := g.encode()
	if err = cmp.Or(unfit, err); err == nil {
		err = m.opts.Store.Set(m.ctx, k.name, b)
	}
	if err != nil {
		m.opts.Log.Warn("the new grant is not in the keychain yet", "connection", k.name, "err", err)
	}
	m.opts.Step(k.name, "saved")
	m.event(k, func(now time.Time) { k.m.saved(now, g.Generation, err) })
	m.opts.Step(k.name, "serving")
}

func (m *Manager) load(ctx context.Context, k *conn) (g *Grant, err error) {
	defer m.recovered(k, &err)
	b, err := m.opts.Store.Get(ctx, k.name)
	if err != nil {
		return nil, err
	}
	return decodeGrant(b)
}
