package tokens

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/store"
)

func newError(code Code, hint, detail string, args ...any) *Error {
	return &Error{Code: code, Hint: hint, Detail: fmt.Sprintf(detail, args...)}
}

// errorFor is what a caller is told where there is no token.
func (m *machine) errorFor() *Error {
	s, r, cause := m.stands()
	e := Refusal(m.policy.name, s, r, m.policy.provider, cause)
	e.Said = m.said
	if e.Code == CodeTemporarilyUnavailable {
		e.RetryAt = m.retryAt
	}
	return e
}

// Refusal is what a caller is told instead of getting a token, by the connection's
// name and what Sentence takes. Its hint is the command to run.
func Refusal(name string, s State, r Reason, provider, cause string) *Error {
	e := &Error{Code: s.Code(), Reason: r, Detail: Sentence(s, r, provider, cause), Hint: English(commands[s], "Name", name)}
	if s == Connected {
		e.Detail = fmt.Sprintf("The token from %s cannot be used with this computer's clock. Check the clock.", provider)
	}
	return e
}

// errorAgain: a token that was just renewed, or confirmed, for a rejection is
// rejected too. A rejection is believed again from that time on.
func (m *machine) errorAgain(now, again time.Time) *Error {
	e := newError(CodeRejectedAgain, "authtray status "+m.policy.name,
		"This token was just renewed or confirmed by %s, so the refusal is about the request, not the token. Check the tool's scopes and address. If it is still refused in %s, say so again.",
		m.policy.provider, text.AtLeast(again.Sub(now)))
	e.RetryAt = again
	return e
}

// errorUntold: a token that nothing renews, of a provider that cannot be asked.
func (m *machine) errorUntold() *Error {
	return newError(CodeRejectedAgain, "authtray connect "+m.policy.name,
		"%s gave nothing to renew this token with, and has no address to ask whether it is still good. If other requests are refused as well, connect again.", m.policy.provider)
}

func (m *machine) errorUnclear() *Error {
	e := newError(CodeTemporarilyUnavailable, "authtray status "+m.policy.name,
		"%s could not say whether the token is still good.", m.policy.provider)
	e.Reason, e.RetryAt = ReasonNetwork, m.probes.at.Add(justRenewed)
	return e
}

// errorNarrow is why there is no token for less. Scopes that the grant does not
// have are had by connecting with them.
func (m *machine) errorNarrow(want Want, f *refusal.Failure) *Error {
	e := &Error{Code: CodeBadRequest, Hint: "authtray token " + m.policy.name}
	lacking, what := m.lacking(want.Scopes), "these scopes"
	if len(want.Scopes) == 0 {
		what = "this resource"
	}
	switch provider := m.policy.provider; {
	case f == errUnkept:
		return Refusal(m.policy.name, KeychainLocked, ReasonKeychainUnavailable, provider, "")
	case f != nil && (f.Class == refusal.Transient || f.Class == refusal.RefusedForNow):
		return &Error{Code: CodeTemporarilyUnavailable, Reason: waitReason(f), RetryAt: m.retryAt, Detail: f.Detail, Hint: "authtray status " + m.policy.name}
	case f == nil:
		e.Detail = fmt.Sprintf("%s gave nothing to get another token with, so there is only the connection's own.", provider)
	case f == errNeverNarrows:
		e.Detail = fmt.Sprintf("%s gives no token for less than the connection's own, so nothing was asked there. Ask for the connection's own.", provider)
	case f == errUnproven:
		e.Detail = fmt.Sprintf("%s does not say whether the token that it gave can do less than the connection's own, so nobody gets it. Ask for the connection's own.", provider)
	case len(lacking) > 0:
		e.Detail = fmt.Sprintf("%s does not give a token for these scopes: the connection was not granted %s. The connection itself is fine.", provider, strings.Join(lacking, " and "))
		e.Hint = "authtray connect " + m.policy.name + " --scope " + strings.Join(lacking, " --scope ")
	case refusesGrant(f):
		e.Detail = fmt.Sprintf("%s refused a token for %s. The connection itself is fine; ask for its own token.", provider, what)
	default:
		e.Detail = fmt.Sprintf("%s does not give a token for less than the connection's own; ask for that one.", provider)
		if want.Resource != "" {
			e.Detail = fmt.Sprintf("%s does not give a token for this resource; ask for the connection's own.", provider)
		}
	}
	return e
}

// errorManyNarrow: other tokens for less were asked for too often.
func (m *machine) errorManyNarrow(retryAt time.Time) *Error {
	e := newError(CodeTemporarilyUnavailable, "authtray token "+m.policy.name,
		"Too many different tokens for less were asked for in a short time, so that %s is not asked for another one yet. The connection itself is fine.", m.policy.provider)
	e.RetryAt = retryAt
	return e
}

// lacking are the scopes asked for that the grant, as far as is known, does not
// have.
func (m *machine) lacking(asked []string) (list []string) {
	if m.served == nil || len(m.served.Scopes) == 0 {
		return nil
	}
	for _, s := range asked {
		if !slices.Contains(m.served.Scopes, s) && plainScope().MatchString(s) {
			list = append(list, s)
		}
	}
	return list
}

// plainScope is a scope that can stand in a command as it is.
var plainScope = text.Pattern(`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`)

func errorTimeout(provider string) *Error {
	return newError(CodeTimeout, "authtray status", "%s did not answer in the time you gave it. Try again, or allow more time.", provider)
}

func errorUnknown(name string) *Error {
	return newError(CodeUnknownConnection, "authtray status", "There is no connection named %q.", name)
}

// stands is the state that the world sees, its reason and its cause: a pending flow
// and a configuration that cannot be used lie over the grant's own.
func (m *machine) stands() (State, Reason, string) {
	switch {
	case m.flow:
		return Connecting, m.reason, m.detail
	case m.policy.broken != "" && m.base != ReconnectRequired:
		return Misconfigured, ReasonConfiguration, m.policy.broken
	}
	return m.base, m.reason, m.detail
}

// status is what the world may know, but for the events.
func (m *machine) status(now time.Time) Status {
	s := Status{
		Name: m.policy.name, Provider: m.policy.id, ProviderName: m.policy.provider,
		Unsaved: m.served != nil && m.unsaved() && m.store.writes > 0, Announce: m.announce(now),
	}
	s.State, s.Reason, s.Cause = m.stands()
	s.Detail = Sentence(s.State, s.Reason, m.policy.provider, s.Cause)
	if s.State == Retrying || s.State == Misconfigured || s.State == ReconnectRequired {
		s.Said = m.said
	}
	if s.Unsaved && s.Detail == "" {
		var e Explanation
		e, s.Cause = explainUnsaved(m.served)
		s.Detail = e.Sentence(English, m.policy.provider, s.Cause)
	}
	if s.State == Retrying || s.State == Misconfigured || s.State == KeychainLocked {
		s.RetryAt = timePtr(m.retryAt)
	}
	if g := m.served; g != nil {
		s.Account, s.AccountID, s.Scopes = g.Account.Label, g.Account.ID, g.Scopes
		s.ExpiresAt, s.NeverExpires = timePtr(g.ExpiresAt), g.ExpiresAt.IsZero()
		s.RefreshedAt, s.ConsentedAt = timePtr(g.ObtainedAt), timePtr(g.ConsentedAt)
		s.Refreshable, s.OnDemand = m.policy.refreshable(g), m.policy.onDemand
		end := endsAt(g, m.policy)
		s.EndsAt = timePtr(end)
		s.EndsSoon = !end.IsZero() && !now.Before(end.Add(-warnAhead))
	}
	return s
}

// explainUnsaved is why a grant is in memory only, and the cause.
func explainUnsaved(g *Grant) (e Explanation, cause string) {
	if b, err := g.encode(); err == nil && len(b) > store.MaxValue {
		return TooLarge, fmt.Sprintf("%d kB", len(b)>>10)
	}
	return Unsaved, ""
}

func timePtr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
