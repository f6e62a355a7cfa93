package window

import (
	"strings"
	"time"

	"github.com/authtray/authtray/tokens"
)

// factsOf are label and value in turn.
func factsOf(s tokens.Status, now time.Time) []string {
	var out []string
	fact := func(label, value string) {
		if value != "" {
			out = append(out, label, value)
		}
	}
	fact(tr("Expires"), expiryFact(s, now))
	if s.RefreshedAt != nil {
		fact(tr("Last refresh"), ago(*s.RefreshedAt, now))
	}
	if s.RetryAt != nil && s.RetryAt.After(now) {
		fact(tr("Next try"), tr("in {{.Time}}", "Time", span(s.RetryAt.Sub(now))))
	}
	if s.ConsentedAt != nil {
		fact(tr("Connected since"), clockTime(*s.ConsentedAt, now))
	}
	if s.EndsAt != nil {
		fact(tr("Sign in again by"), clockTime(*s.EndsAt, now))
	}
	if s.Unsaved {
		fact(tr("Keychain"), tr("the newest token could not be saved yet"))
	}
	return out
}

func expiryFact(s tokens.Status, now time.Time) string {
	switch {
	case s.NeverExpires:
		return tr("never")
	case s.ExpiresAt == nil || !s.ExpiresAt.After(now):
		return expiry(s, now)
	}
	text := tr("in {{.Time}}", "Time", span(s.ExpiresAt.Sub(now))) + " (" + clockTime(*s.ExpiresAt, now) + ")"
	if s.Refreshable && s.State == tokens.Connected {
		text = strings.Join([]string{text, tr("renewed before then")}, ", ")
	}
	return text
}
