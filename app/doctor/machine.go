package doctor

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/authtray/authtray/app/browser"
)

func browserCheck(context.Context, Patient) Check {
	const id = "browser"
	switch err := browser.Available(); {
	case errors.Is(err, browser.ErrNoDisplay):
		return amiss(id, "authtray connect NAME --no-browser", "There is no display, so no browser can be opened: open the address that is printed on another machine.")
	case err != nil:
		return amiss(id, install("xdg-utils"), "No program that opens a browser was found.")
	}
	return fine(id, "A browser can be opened.")
}

// loopbackCheck listens as a sign-in does, and visits itself.
func loopbackCheck(ctx context.Context, _ Patient) Check {
	const id, hint = "loopback", "sudo ip link set lo up"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return amiss(id, hint, "Nothing can listen on 127.0.0.1, so no sign-in can come back: %v.", err)
	}
	defer l.Close()
	dialer := net.Dialer{Timeout: 5 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return amiss(id, hint, "127.0.0.1 cannot be reached, so no sign-in can come back: %v.", err)
	}
	c.Close()
	return fine(id, "A sign-in can come back to 127.0.0.1.")
}

// MaxSkew is how far the clock may be off before tokens are renewed at the wrong
// time.
const MaxSkew = time.Minute

// clockCheck compares the clock with the provider's. ahead is ours, minus theirs.
func clockCheck(ahead time.Duration, host string) Check {
	if ahead.Abs() <= MaxSkew {
		return fine("clock", "The clock agrees with %s.", host)
	}
	word := "ahead of"
	if ahead < 0 {
		word = "behind"
	}
	return amiss("clock", clockHint(), "The clock is %s %s that of %s, so tokens are renewed at the wrong time.", ahead.Abs().Round(time.Second), word, host)
}
