package tokens

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

// stretch is a part of a laptop's day.
type stretch struct {
	what    string
	minutes int
	asleep  bool
	offline bool // no provider can be reached: none, a captive portal
}

// laptopDay is a day with five networks; each change of them is offline for a moment.
var laptopDay = []stretch{
	{what: "at home", minutes: 50}, {what: "on the way", minutes: 25, asleep: true},
	{what: "the train's portal", minutes: 12, offline: true}, {what: "the train's network", minutes: 33}, {what: "a tunnel", minutes: 4, offline: true},
	{what: "the train again", minutes: 20}, {what: "to the office", minutes: 15, asleep: true}, {what: "the office is slow", minutes: 1, offline: true},
	{what: "the office", minutes: 170}, {what: "lunch", minutes: 55, asleep: true}, {what: "the office", minutes: 95}, {what: "between floors", minutes: 2, offline: true},
	{what: "a meeting", minutes: 90}, {what: "closed for a moment", minutes: 3, asleep: true}, {what: "the office", minutes: 45},
	{what: "to a cafe", minutes: 30, asleep: true}, {what: "its portal", minutes: 3, offline: true}, {what: "the cafe", minutes: 65},
	{what: "home", minutes: 40, asleep: true}, {what: "at home", minutes: 130}, {what: "the night", minutes: 552, asleep: true},
}

func TestADayOnALaptopSendsHardlyMoreThanItMust(t *testing.T) {
	const life = 60 // minutes
	inBubble(t, life*time.Minute, func(t *testing.T, r *rig) {
		sent, missed := 0, 0
		for range 7 {
			for _, s := range laptopDay {
				if s.asleep {
					r.clock.jump(time.Duration(s.minutes) * time.Minute)
					continue
				}
				r.provider.with(func() {
					if r.provider.always = nil; s.offline {
						r.provider.always = failure(refusal.Transient, "unreachable")
					}
				})
				before := r.provider.count()
				if !s.offline {
					r.m.NetworkBack()
				}
				for range s.minutes {
					r.pass(time.Minute)
					if _, err := r.ask(Want{}); err != nil && !s.offline {
						missed++
					}
				}
				if !s.offline {
					sent += r.provider.count() - before
				}
				synctest.Wait()
			}
		}
		least := leastRequests(life)
		t.Logf("a week of such days: %d requests, at least %d are needed: %.2f×", sent, least, float64(sent)/float64(least))
		if missed > 0 {
			t.Errorf("%d questions went unanswered while the provider could be reached", missed)
		}
		if float64(sent) > 1.1*float64(least) {
			t.Errorf("%d requests, more than 1.1 times the %d that are needed", sent, least)
		}
	})
}

// leastRequests is how many renewals a week of such days takes somebody who knows the
// future and renews as late as can be, so that a token is there in every minute awake.
func leastRequests(life int) (n int) {
	var awake, online []bool // by minute
	for range 7 {
		for _, s := range laptopDay {
			for range s.minutes {
				awake, online = append(awake, !s.asleep), append(online, !s.asleep && !s.offline)
			}
		}
	}
	ends := life // of the token at hand
	for now := range awake {
		if !online[now] {
			continue
		}
		needed := ends <= now
		for later := now + 1; later < len(awake) && !online[later]; later++ {
			needed = needed || awake[later] && ends <= later
		}
		if needed {
			n, ends = n+1, now+life
		}
	}
	return n
}
