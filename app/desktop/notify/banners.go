package notify

import "time"

// How long a banner may be anywhere. On the screen it is shorter, but GNOME and
// Plasma keep a list of what was missed.
const (
	infoStays = time.Minute
	warnStays = 12 * time.Hour
)

func (r *runner) showBanner(m message) {
	if err := r.desk.banner(m); err != nil {
		r.opts.Log.Info("a notification could not be shown", "err", err)
	}
	stays := infoStays
	if m.warning {
		stays = warnStays
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.banners[m.about] = r.opts.Clock.Now().Add(stays)
}

// settle takes back the banner about something, if it is there.
func (r *runner) settle(about string) {
	r.mu.Lock()
	delete(r.banners, about)
	r.mu.Unlock()
	r.desk.settle(about)
}

// settleOld takes back what has been there long enough, and settleAll everything.
func (r *runner) settleOld() { r.settleUntil(r.opts.Clock.Now()) }
func (r *runner) settleAll() { r.settleUntil(r.opts.Clock.Now().Add(warnStays)) }

func (r *runner) settleUntil(now time.Time) {
	var old []string
	r.mu.Lock()
	for about, until := range r.banners {
		if !until.IsZero() && !now.Before(until) {
			old = append(old, about)
		}
	}
	r.mu.Unlock()
	for _, about := range old {
		r.settle(about)
	}
}
