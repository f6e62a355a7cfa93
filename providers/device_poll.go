package providers

import (
	"context"
	"net/url"
	"time"
)

// devicePoll is what one answer to a poll means.
type devicePoll int

const (
	pollAgain   devicePoll = iota // not yet; also: no answer, or one that says nothing
	pollSlower                    // not yet, and ask less often
	pollDenied                    // the person said no
	pollExpired                   // the code's time is over
	pollRefused                   // the request itself is refused
)

// readDevicePoll is the table of RFC 8628 §3.5, with the names that Microsoft
// and GitHub use. code is the answer's error, class what it would mean for any
// other token request; a 5xx, a lost network or a captive portal's page never
// ends a sign-in.
//
//	authorization_pending                              again
//	slow_down                                          slower
//	access_denied, authorization_declined              denied
//	expired_token, code_expired, bad_verification_code,
//	incorrect_device_code, invalid_grant               expired: the code is not known (any more)
//	any other, transient                               again
//	any other                                          refused
func readDevicePoll(code string, class Class) devicePoll {
	switch code {
	case "authorization_pending":
		return pollAgain
	case "slow_down":
		return pollSlower
	case "access_denied", "authorization_declined":
		return pollDenied
	case "expired_token", "code_expired", "bad_verification_code", "incorrect_device_code", "invalid_grant":
		return pollExpired
	}
	if class == Transient {
		return pollAgain
	}
	return pollRefused
}

// slower is the next interval after slow_down: the one that the answer gives,
// if it gives a longer one, else five seconds more.
func slower(interval, given time.Duration) time.Duration {
	if given > interval {
		return min(given, maxInterval)
	}
	return min(interval+slowerBy, maxInterval)
}

// maxTroublePause bounds the pauses while the provider cannot be reached: the
// person may be done at any moment.
const maxTroublePause = 30 * time.Second

// pace is when to ask next.
type pace struct {
	interval time.Duration // what the provider wants
	pause    time.Duration // the next one
}

// after gives the pace after an answer that did not end the flow: the interval;
// a longer one after slow_down; twice the last pause (RFC 8628 §3.5) where the
// provider could not be reached, or what it asks for in Retry-After.
func (p pace) after(step devicePoll, f *Failure, given time.Duration) pace {
	switch {
	case step == pollSlower:
		p.interval = slower(p.interval, given)
		p.pause = p.interval
	case f.Code == "authorization_pending":
		p.pause = p.interval
	default:
		p.pause = max(p.interval, min(2*p.pause, maxTroublePause))
	}
	p.pause = max(p.pause, min(f.RetryAfter, maxInterval))
	return p
}

// poll asks until the person has decided, the code has expired, or the flow is
// over (RFC 8628 §3.4). The endpoint stays the one that the code came with.
func (f *Flow) poll(endpoint string, d deviceCode, b Binding) {
	p := pace{d.interval, d.interval}
	for f.rest(p.pause) {
		answer, failure, given := f.client.pollOnce(f.ctx, endpoint, d.code)
		if failure == nil {
			f.redeemed(answer, b)
			return
		}
		step := readDevicePoll(failure.Code, failure.Class)
		if err := pollEnd(step, failure); err != nil {
			f.end(Result{}, err)
			return
		}
		p = p.after(step, failure, given)
	}
}

// rest waits; false: the flow is over, or its time is, by the wall clock.
func (f *Flow) rest(d time.Duration) bool {
	timer, stop := f.clock.after(d)
	defer stop()
	select {
	case <-timer:
	case <-f.done:
		return false
	}
	if !f.clock.now().Before(f.expires) {
		f.expire(errCodeExpired)
	}
	return !f.isOver()
}

func (f *Flow) redeemed(a Answer, b Binding) {
	if f.takeUp() {
		f.conclude(f.client.afterExchange(f.ctx, a), b)
	}
}

// pollEnd is how a step ends the flow; nil: it goes on.
func pollEnd(step devicePoll, f *Failure) error {
	switch step {
	case pollDenied:
		return ErrDenied
	case pollExpired:
		return errCodeExpired
	case pollRefused:
		return f
	}
	return nil
}

// pollOnce is one device access token request. given is the interval that the
// answer names; 0: none.
func (c *Client) pollOnce(ctx context.Context, endpoint, code string) (Answer, *Failure, time.Duration) {
	form := url.Values{"grant_type": {deviceGrantType}, "device_code": {code}, "client_id": {c.clientID()}}
	set(form, "resource", c.resource())
	a, err := c.post(ctx, endpoint, form)
	if err != nil {
		return Answer{}, asFailure(err), 0
	}
	answer, ok := readAnswer(c.entry, a.status, a.body, a.sentAt)
	if !ok {
		return Answer{}, c.refused(a), readSeconds(lookup(parseBody(a.body), "interval"), 0, maxInterval)
	}
	return answer, nil, 0
}
