package providers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

// errCodeExpired: a device code has its own time, not ten minutes.
var errCodeExpired = &expired{"the code was not entered in time; connect again for a new one"}

// expired is an ErrTimedOut in other words.
type expired struct{ sentence string }

func (e *expired) Error() string { return e.sentence }
func (e *expired) Unwrap() error { return ErrTimedOut }

// startDevice asks for a code (RFC 8628 §3.1) and polls until the person has
// entered it elsewhere.
func (f *Flow) startDevice(ctx context.Context, o AuthorizeOptions) error {
	if err := f.client.checkCredentials(ctx, o.Mode); err != nil {
		return err
	}
	ends, err := f.client.signInEndpoints(ctx)
	if err != nil {
		return err
	}
	binding, err := f.client.Binding(ctx)
	if err != nil {
		return err
	}
	var added []string
	f.asked, added = f.client.requested(o.Scopes)
	d, err := f.client.deviceAuthorization(ctx, ends, o, f.asked)
	if isScopeRefusal(err) && len(added) > 0 {
		f.asked = without(f.asked, added)
		d, err = f.client.deviceAuthorization(ctx, ends, o, f.asked)
	}
	if isScopeRefusal(err) {
		return f.client.scopesRefused(f.asked, err)
	}
	if err != nil {
		return err
	}
	if err := f.client.checkSignIn(d.url(), f.client.entry.Device, ends, o.AcceptHost); err != nil {
		return err
	}
	f.url, f.userCode = d.url(), d.userCode
	f.expireAfter(d.lifetime, errCodeExpired)
	go f.poll(ends.Token, d, binding)
	return nil
}

func (c *Client) deviceAuthorization(ctx context.Context, e endpoints, o AuthorizeOptions, scopes []string) (deviceCode, error) {
	if e.Device == "" {
		return deviceCode{}, c.misconfigured("no_device_url", "%s does not offer codes to enter on another device, as far as is known; connect in the browser instead.", c.name())
	}
	if err := c.keepsSecretFrom(ctx, "device", c.entry.Device, e.Device, e); err != nil {
		return deviceCode{}, err
	}
	a, err := c.post(ctx, e.Device, c.deviceForm(o, scopes))
	if err != nil {
		return deviceCode{}, err
	}
	d, ok := readDeviceCode(refusal.ParseBody(a.body))
	if !ok || a.status < 200 || a.status > 299 {
		return deviceCode{}, c.refused(a)
	}
	return d, nil
}

func (c *Client) deviceForm(o AuthorizeOptions, scopes []string) url.Values {
	rules := c.entry.AuthorizeOpts
	form := url.Values{"client_id": {c.clientID()}}
	set(form, cmp.Or(rules.ScopeParam, "scope"), strings.Join(scopes, cmp.Or(rules.ScopeSep, " ")))
	set(form, "resource", cmp.Or(o.Resource, c.resource()))
	set(form, "audience", rules.Params["audience"])
	return form
}

// asFailure: what a request that brought no answer means.
func asFailure(err error) *refusal.Failure {
	var f *refusal.Failure
	if errors.As(err, &f) {
		return f
	}
	return &refusal.Failure{Class: refusal.Transient, Code: "network", Detail: "The provider could not be reached.", Err: err}
}

// deviceCode is a device authorization answer (RFC 8628 §3.2).
type deviceCode struct {
	code     string // secret: what is polled with
	userCode string // what the person types
	page     string // verification_uri
	fullPage string // verification_uri_complete; "" where there is none
	interval time.Duration
	lifetime time.Duration
}

// What a device answer may ask of us. An interval of an hour, or a code that
// lives for ever, is a provider's mistake or worse.
const (
	defaultInterval   = 5 * time.Second // RFC 8628 §3.2
	maxInterval       = 2 * time.Minute
	slowerBy          = 5 * time.Second // RFC 8628 §3.5
	defaultDeviceLife = 10 * time.Minute
	maxDeviceLife     = time.Hour
	maxUserCode       = 32
)

// url is where the person must go.
func (d deviceCode) url() string {
	if d.fullPage != "" {
		return d.fullPage
	}
	return d.page
}

// readDeviceCode reads an answer tolerantly: Google says verification_url, and
// numbers may come quoted. ok is false where a device could not go on with it.
func readDeviceCode(members any) (d deviceCode, ok bool) {
	d = deviceCode{
		code:     refusal.Text(refusal.Lookup(members, "device_code")),
		userCode: text.Line(refusal.Text(refusal.Lookup(members, "user_code")), maxUserCode),
		page:     safePage(refusal.Text(refusal.Lookup(members, "verification_uri"))),
		fullPage: safePage(refusal.Text(refusal.Lookup(members, "verification_uri_complete"))),
		interval: readSeconds(refusal.Lookup(members, "interval"), defaultInterval, maxInterval),
		lifetime: readSeconds(refusal.Lookup(members, "expires_in"), defaultDeviceLife, maxDeviceLife),
	}
	if d.page == "" {
		d.page = safePage(refusal.Text(refusal.Lookup(members, "verification_url")))
	}
	return d, d.code != "" && d.userCode != "" && d.url() != ""
}

// safePage lets through only what a browser may be sent to.
func safePage(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || !catalog.Speakable(u) || u.User != nil {
		return ""
	}
	return u.String()
}

// readSeconds reads a positive number of seconds in any of its JSON shapes, up
// to most.
func readSeconds(v any, otherwise, most time.Duration) time.Duration {
	seconds, err := strconv.ParseFloat(numberText(v), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 {
		return otherwise
	}
	if seconds >= most.Seconds() {
		return most
	}
	return time.Duration(seconds * float64(time.Second))
}

func numberText(v any) string {
	switch t := v.(type) {
	case json.Number:
		return t.String()
	case string:
		return t
	}
	return ""
}

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
func readDevicePoll(code string, class refusal.Class) devicePoll {
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
	if class == refusal.Transient {
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
func (p pace) after(step devicePoll, f *refusal.Failure, given time.Duration) pace {
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
	defer f.endOnPanic("device flow")
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
func pollEnd(step devicePoll, f *refusal.Failure) error {
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
func (c *Client) pollOnce(ctx context.Context, endpoint, code string) (Answer, *refusal.Failure, time.Duration) {
	form := url.Values{"grant_type": {deviceGrantType}, "device_code": {code}, "client_id": {c.clientID()}}
	set(form, "resource", c.resource())
	a, err := c.post(ctx, endpoint, form)
	if err != nil {
		return Answer{}, asFailure(err), 0
	}
	answer, ok := readAnswer(*c.entry, a.status, a.body, a.sentAt)
	if !ok {
		return Answer{}, c.refused(a), readSeconds(refusal.Lookup(refusal.ParseBody(a.body), "interval"), 0, maxInterval)
	}
	return answer, nil, 0
}
