package notify

import "time"

// reminderCheck is how long a reminder may be late: timers stop while the
// machine sleeps, so the wall clock is asked now and then.
const reminderCheck = 10 * time.Minute

// remind lets announcements that are old enough be made again, whatever became
// of the last ones: what was begun by a button has not ended well.
func (r *runner) remind() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.reminders {
		return
	}
	now := r.opts.Clock.Now()
	for _, d := range r.deaths {
		if d.mark != 0 && now.Sub(d.since) >= ReminderAfter {
			d.tried, d.seen, d.over, d.acted = false, false, false, false
		}
	}
}
