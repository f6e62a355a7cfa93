package server

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

const deviceLifetime = 10 * time.Minute

// device is one pending RFC 8628 request.
type device struct {
	client, userCode string
	scopes           []string
	begun, polled    time.Time
	user             string // set when approved
	approved         time.Time
	denied           bool
}

// devices holds the pending ones by device code. Safe for concurrent use.
type devices struct {
	mu       sync.Mutex
	now      func() time.Time
	interval time.Duration
	pending  map[string]*device
}

func newDevices(now func() time.Time, interval time.Duration) *devices {
	return &devices{now: now, interval: interval, pending: map[string]*device{}}
}

func (d *devices) add(client, deviceCode, userCode string, scopes []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prune()
	for _, p := range d.pending {
		if p.userCode == userCode {
			return op.ErrDuplicateUserCode
		}
	}
	d.pending[deviceCode] = &device{client: client, userCode: userCode, scopes: scopes, begun: d.now()}
	return nil
}

func (d *devices) isPending(client, deviceCode string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pending[deviceCode]
	return p != nil && p.client == client
}

// poll says how a request stands. An approved one is taken away, so that it
// gives tokens once. The error of a client that polls faster than the interval
// is the one that pkg/op answers with slow_down.
func (d *devices) poll(client, deviceCode string) (*op.DeviceAuthorizationState, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.pending[deviceCode]
	if p == nil || p.client != client {
		return nil, errNoRequest
	}
	early := d.now().Before(p.polled.Add(d.interval))
	p.polled = d.now()
	if early {
		return nil, context.DeadlineExceeded
	}
	if p.user != "" {
		delete(d.pending, deviceCode)
	}
	return &op.DeviceAuthorizationState{
		ClientID: p.client, Scopes: p.scopes, Expires: d.expiry(p),
		Done: p.user != "", Denied: p.denied, Subject: p.user, AMR: []string{"user"}, AuthTime: p.approved,
	}, nil
}

// expiry is in the past or the far future of the machine's clock, which pkg/op
// compares with, as the request is over or not by ours.
func (d *devices) expiry(p *device) time.Time {
	if d.over(p) {
		return time.Unix(0, 0)
	}
	return time.Now().Add(time.Hour)
}

func (d *devices) over(p *device) bool { return !d.now().Before(p.begun.Add(deviceLifetime)) }

// find gives a copy of the request that a person typed the code of.
func (d *devices) find(userCode string) (device, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.byUserCode(userCode); p != nil {
		return *p, true
	}
	return device{}, false
}

func (d *devices) byUserCode(typed string) *device {
	for _, p := range d.pending {
		if plainCode(p.userCode) == plainCode(typed) && !d.over(p) && !p.denied && p.user == "" {
			return p
		}
	}
	return nil
}

// plainCode forgives what people do to codes (RFC 8628 §6.1).
func plainCode(s string) string {
	return strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(s))
}

// answer records what the person said; user "" denies.
func (d *devices) answer(userCode, user string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.byUserCode(userCode)
	if p == nil {
		return false
	}
	p.user, p.denied, p.approved = user, user == "", d.now()
	return true
}

func (d *devices) prune() {
	for c, p := range d.pending {
		if d.now().After(p.begun.Add(2 * deviceLifetime)) {
			delete(d.pending, c)
		}
	}
}
