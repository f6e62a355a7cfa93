package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/browser"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// Check is one line of the report.
type Check = api.Check

// Input is what is looked at.
type Input struct {
	Paths       config.Paths
	Store       store.Store
	Running     bool // by the agent that runs, and not instead of one
	Tray        bool // it has an icon, or would have
	Connections []Connection
	Now         func() time.Time
}

// Connection is one of the patient's.
type Connection struct {
	Name   string
	Client *providers.Client // nil: its file was never good, and the check of the files says so
	State  tokens.Status     // as the agent has it; the zero value where none runs
}

// limit bounds each check.
const limit = 15 * time.Second

// examination is one check, or several of one kind.
type examination func(context.Context, Input) []Check

// Run makes all checks side by side. A check that does not end by itself is
// wrong.
func Run(ctx context.Context, p Input) []Check {
	if p.Now == nil {
		p.Now = time.Now
	}
	all := []struct {
		id   string
		look examination
	}{
		{"socket", one(socketCheck)}, {"bus", one(busCheck)}, {"keychain", one(keychainCheck)},
		{"notifications", one(noticesCheck)}, {"tray", one(trayCheck)},
		{"browser", one(browserCheck)}, {"loopback", one(loopbackCheck)}, {"proxy", one(proxyCheck)},
		{"config", filesCheck}, {"provider", reachCheck},
	}
	found := make([][]Check, len(all))
	var work sync.WaitGroup
	for i, e := range all {
		work.Go(func() { found[i] = bounded(ctx, e.id, e.look, p) })
	}
	work.Wait()
	var report []Check
	for _, checks := range found {
		for _, c := range checks {
			if c.ID != "" { // no such thing on this system
				report = append(report, c)
			}
		}
	}
	return report
}

func one(look func(context.Context, Input) Check) examination {
	return func(ctx context.Context, p Input) []Check { return []Check{look(ctx, p)} }
}

func bounded(ctx context.Context, id string, look examination, p Input) []Check {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan []Check, 1)
	go func() { done <- look(ctx, p) }()
	select {
	case c := <-done:
		return c
	case <-ctx.Done():
	}
	select { // it may have seen the end of its time itself
	case c := <-done:
		return c
	case <-time.After(time.Second):
		return []Check{failed(id, "authtray doctor", "This check did not end within %s.", limit)}
	}
}

func fine(id, format string, args ...any) Check {
	return Check{ID: id, OK: true, Detail: fmt.Sprintf(format, args...)}
}

func failed(id, hint, format string, args ...any) Check {
	return Check{ID: id, Detail: fmt.Sprintf(format, args...), Hint: hint}
}

func browserCheck(context.Context, Input) Check {
	const id = "browser"
	switch err := browser.Available(); {
	case errors.Is(err, browser.ErrNoDisplay):
		return failed(id, "authtray connect NAME --no-browser", "There is no display, so no browser can be opened: open the address that is printed on another machine.")
	case err != nil:
		return failed(id, install("xdg-utils"), "No program that opens a browser was found.")
	}
	return fine(id, "A browser can be opened.")
}

// loopbackCheck listens as a sign-in does, and visits itself.
func loopbackCheck(ctx context.Context, _ Input) Check {
	const id, hint = "loopback", "sudo ip link set lo up"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed(id, hint, "Nothing can listen on 127.0.0.1, so no sign-in can come back: %v.", err)
	}
	defer l.Close()
	dialer := net.Dialer{Timeout: 5 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return failed(id, hint, "127.0.0.1 cannot be reached, so no sign-in can come back: %v.", err)
	}
	c.Close()
	return fine(id, "A sign-in can come back to 127.0.0.1.")
}

// maxSkew is how far the clock may be off before tokens are renewed at the wrong
// time.
const maxSkew = time.Minute

// clockCheck compares the clock with the provider's. ahead is ours, minus theirs.
func clockCheck(ahead time.Duration, host string) Check {
	if ahead.Abs() <= maxSkew {
		return fine("clock", "The clock agrees with %s.", host)
	}
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	return failed("clock", clockHint(), "The clock is %s %s that of %s, so tokens are renewed at the wrong time.", ahead.Abs().Round(time.Second), word, host)
}
