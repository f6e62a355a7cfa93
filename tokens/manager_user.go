package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

// Refresh renews now, because the user asked: back-off is forgotten, and a
// locked keychain may ask to be opened. It returns when the refresh has been
// answered. The error is an *Error.
func (m *Manager) Refresh(ctx context.Context, name string) (Status, error) {
	k, err := m.find(name)
	if err != nil {
		return Status{}, err
	}
	m.unlock(ctx)
	m.event(k, func(now time.Time) { k.m.userRefresh(now) })
	if err := m.settle(ctx, k, func() bool { return k.m.busy == idle && !k.m.reading() }); err != nil {
		return Status{}, err
	}
	now := m.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	st := k.statusWithEvents(now)
	switch {
	case st.State != Connected:
		return st, k.m.errorFor()
	case !k.m.policy.refreshable(k.m.served):
		return st, newError(CodeBadRequest, "authtray connect "+k.name,
			"%s gave nothing to renew this token with. It is used as it is; connect again to replace it.", k.m.policy.provider)
	}
	return st, nil
}

// dialogTime is how long what a user asked for waits for the answer to the
// keychain's dialog. One that comes later opens the keychain all the same.
const dialogTime = 30 * time.Second

// unlock opens the store if it is locked. Only what a user asked for calls it.
func (m *Manager) unlock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, dialogTime) // less than callers have, who are then told the truth
	defer cancel()
	if !errors.Is(m.opts.Store.Check(ctx), store.ErrLocked) {
		return // open, or not to be reached
	}
	if err := m.opts.Store.Unlock(ctx); err != nil {
		m.opts.Log.Info("keychain stays locked", "err", err)
	}
}

// Adopt takes the grant that a flow brought, stores it and serves it. It
// returns when the grant is in the store, or cannot be put there now
// (Status.Unsaved).
func (m *Manager) Adopt(ctx context.Context, name string, r providers.Result) (Status, error) {
	k, err := m.find(name)
	if err != nil {
		return Status{}, err
	}
	m.unlock(ctx)
	m.event(k, func(now time.Time) {
		k.m.flow, k.signIn = false, r.Answer.AccessToken
		k.m.connect(now, firstGrant(r, k.m.generation(now)+1, k.m.policy.keepID))
	})
	if err := m.settle(ctx, k, func() bool { return k.m.next == nil }); err != nil {
		return Status{}, err
	}
	return m.statusOf(k), nil
}

// Named says whose grant it is that a sign-in brought, where the provider said so
// only after Adopt. It reports whether that is still the connection's grant.
func (m *Manager) Named(name string, r providers.Result) bool {
	is := false
	_ = m.on(name, func(k *conn, now time.Time) {
		is = same(k.signIn, r.Answer.AccessToken) && (k.m.served != nil || k.m.next != nil)
		if is {
			k.m.setAccount(now, r.Account)
		}
	})
	return is
}

// FlowStarted puts the state connecting over a connection.
func (m *Manager) FlowStarted(name string) {
	_ = m.on(name, func(k *conn, _ time.Time) { k.m.flow = true })
}

// FlowEnded takes it away again; err is why no grant came.
func (m *Manager) FlowEnded(name string, err error) {
	_ = m.on(name, func(k *conn, now time.Time) {
		k.m.flow = false
		if err == nil {
			return
		}
		sentence := err.Error()
		if e, ok := errors.AsType[*Error](err); ok {
			sentence = e.Detail // the code is for programs
		}
		k.m.note(now, EventConnectFailed, ReasonNone, sentence)
	})
}

// Announced says that the user has been told of the connection's state.
func (m *Manager) Announced(name string) {
	_ = m.on(name, func(k *conn, now time.Time) { k.m.announced(now) })
}

// Loaded waits until a connection's record has been read, or is known to be out
// of reach for now: before that, Status does not know of its grant.
func (m *Manager) Loaded(ctx context.Context, name string) error {
	k, err := m.find(name)
	if err != nil {
		return err
	}
	return m.settle(ctx, k, func() bool { return !k.m.reading() })
}

// Why a grant is revoked and erased only later.
var (
	ErrLocked  = errors.New("the keychain is locked; the grant is revoked and erased once it opens")
	ErrNotKept = errors.New("the state folder cannot be written; the grant is revoked and erased once it can")
)

// Disconnect revokes the grant at the provider and erases it here, both also
// where ctx ends first. gave says that there was one to be revoked. The error
// is an *Error for an unknown name or the end of ctx; ErrLocked; ErrNotKept; else
// it says why the provider did not revoke the grant, which is erased here all
// the same.
func (m *Manager) Disconnect(ctx context.Context, name string) (gave bool, err error) {
	k, err := m.find(name)
	if err != nil {
		return false, err
	}
	m.event(k, func(now time.Time) { gave = k.m.disconnect(now) })
	if err := m.settle(ctx, k, func() bool { return k.m.store.under.kind == nothing && k.m.revocations.under == 0 }); err != nil {
		return gave, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case !k.m.store.read:
		return gave, ErrLocked
	case k.m.store.note != nil && !k.m.store.noted:
		return gave, ErrNotKept
	}
	return gave, k.m.revocations.err
}

// settle waits until done, or ctx ends (then a timeout *Error).
func (m *Manager) settle(ctx context.Context, k *conn, done func() bool) error {
	for {
		k.mu.Lock()
		ok, changed := done(), k.changed
		k.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errorTimeout(k.label())
		case <-m.ctx.Done():
			return errorTimeout(k.label())
		}
	}
}
