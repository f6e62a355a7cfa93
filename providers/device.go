package providers

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
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
	ends, err := f.client.endpoints(ctx)
	if err != nil {
		return err
	}
	binding, err := f.client.Binding(ctx)
	if err != nil {
		return err
	}
	d, err := f.client.deviceAuthorization(ctx, ends, o)
	if err != nil {
		return err
	}
	f.url, f.userCode = d.url(), d.userCode
	f.expireAfter(d.lifetime, errCodeExpired)
	go f.poll(ends.Token, d, binding)
	return nil
}

func (c *Client) deviceAuthorization(ctx context.Context, e endpoints, o AuthorizeOptions) (deviceCode, error) {
	if e.Device == "" {
		return deviceCode{}, c.misconfigured("no_device_url", "%s does not offer codes to enter on another device, as far as is known; connect in the browser instead.", c.name())
	}
	if err := c.keepsSecretFrom(ctx, "device", c.entry.Device, e.Device, e); err != nil {
		return deviceCode{}, err
	}
	a, err := c.post(ctx, e.Device, c.deviceForm(o))
	if err != nil {
		return deviceCode{}, err
	}
	d, ok := readDeviceCode(parseBody(a.body))
	if !ok || a.status < 200 || a.status > 299 {
		return deviceCode{}, c.refused(a)
	}
	return d, nil
}

func (c *Client) deviceForm(o AuthorizeOptions) url.Values {
	rules := c.entry.AuthorizeOpts
	form := url.Values{"client_id": {c.clientID()}}
	set(form, first(rules.ScopeParam, "scope"), strings.Join(c.scopes(o.Scopes), first(rules.ScopeSep, " ")))
	set(form, "resource", first(o.Resource, c.resource()))
	set(form, "audience", rules.Params["audience"])
	return form
}

// asFailure: what a request that brought no answer means.
func asFailure(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Class: Transient, Code: "network", Detail: "The provider could not be reached.", Err: err}
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
		code:     text(lookup(members, "device_code")),
		userCode: shownUpTo(text(lookup(members, "user_code")), maxUserCode),
		page:     safePage(text(lookup(members, "verification_uri"))),
		fullPage: safePage(text(lookup(members, "verification_uri_complete"))),
		interval: readSeconds(lookup(members, "interval"), defaultInterval, maxInterval),
		lifetime: readSeconds(lookup(members, "expires_in"), defaultDeviceLife, maxDeviceLife),
	}
	if d.page == "" {
		d.page = safePage(text(lookup(members, "verification_url")))
	}
	return d, d.code != "" && d.userCode != "" && d.url() != ""
}

// safePage lets through only what a browser may be sent to.
func safePage(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || !speakable(u) || u.User != nil {
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
