package window

import (
	"context"
	"time"

	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens"
)

// How long the window waits before it asks again for an agent that is away: it
// is on this machine, so asking costs nothing.
const retryAgent = time.Second

// follow keeps the model current until the window closes.
func (u *ui) follow() {
	for u.ctx.Err() == nil {
		err := u.agent.Events(u.ctx, func() { u.out.do(u.arrived) }, func(e remote.Event) { u.out.do(func() { u.heard(e) }) })
		if u.ctx.Err() != nil {
			return
		}
		u.out.do(func() { u.lost(err) })
		u.rest(u.ctx, retryAgent)
	}
}

// rest waits, or less if the window closes.
func (u *ui) rest(ctx context.Context, d time.Duration) {
	woken := make(chan struct{})
	stop := u.out.after(d, func() { close(woken) })
	defer stop()
	select {
	case <-woken:
	case <-ctx.Done():
	}
}

// arrived asks for the list too: the stream alone does not say that there is
// nothing, nor what went while the window was not listening.
func (u *ui) arrived() {
	u.present = true
	u.model.opened()
	u.banner.Hide()
	ask(u, u.agent.Connections, func(all []tokens.Status, err error) {
		if err != nil {
			return // the stream ends for the same reason, and says so
		}
		u.known = true
		u.model.settle(all)
		u.list.show()
		u.details.show()
	})
	u.settings.load()
}

func (u *ui) heard(e remote.Event) {
	u.model.take(e)
	u.list.show()
	u.details.heard(e)
}

// lost says that the agent is away. What was known stays on screen under the
// banner, which says that it may be outdated.
func (u *ui) lost(err error) {
	u.present = false
	u.banner.gone(err)
	u.list.show()
}
