package tokens

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/store"
)

// This file is every sentence that a person reads about a connection's state.

// Sentence explains a state and offers the way on. provider is the provider's
// name; detail, where there is one, is what the provider client said, or whoever
// read the file.
func Sentence(s State, r Reason, provider, detail string) string {
	detail = strings.Join(strings.Fields(detail), " ")
	switch s {
	case Disconnected:
		return fmt.Sprintf("%s is not connected.", provider)
	case Connecting:
		return fmt.Sprintf("Waiting for you to answer %s in the browser.", provider)
	case ReconnectRequired:
		return deathSentence(r, provider, detail)
	case Misconfigured:
		return mendSentence(r, provider, detail)
	case Retrying:
		return waitSentence(r, provider, detail)
	case KeychainLocked:
		return lockedSentence(r)
	}
	return ""
}

func deathSentence(r Reason, provider, detail string) string {
	switch r {
	case ReasonAnswerLost:
		return fmt.Sprintf("%s's answer was lost while the token was being renewed, and it does not take the old one any more. Reconnect to go on.", provider)
	case ReasonAbsoluteLimit:
		return fmt.Sprintf("Your sign-in at %s has reached the end of its time. Reconnect to go on.", provider)
	case ReasonIdleLimit:
		return fmt.Sprintf("Your sign-in at %s ended because it was not used for too long. Reconnect to go on.", provider)
	case ReasonRefused:
		said := fmt.Sprintf("%s refused to renew the token five times. %s", provider, text.Sentence(detail))
		return strings.TrimSpace(said) + " Reconnect to go on, or try again."
	case ReasonExpired:
		return fmt.Sprintf("The token from %s has expired, and %s gave nothing to renew it with. Reconnect to go on.", provider, provider)
	case ReasonTokenRejected:
		return fmt.Sprintf("%s no longer accepts the token. Reconnect to go on.", provider)
	case ReasonEndpointsChanged:
		return fmt.Sprintf("The address or client id of %s is not the one you connected with, so nothing is sent there. Reconnect, or change it back.", provider)
	case ReasonClientForgotten:
		return fmt.Sprintf("%s no longer knows Authtray as it was registered there. It is registered again: reconnect to go on.", provider)
	case ReasonRecordDamaged:
		return fmt.Sprintf("The keychain item for %s cannot be read (%s). Reconnect to replace it.", provider, orElse(detail, "it is damaged"))
	case ReasonNoteDamaged:
		return fmt.Sprintf("Your sign-in at %s is over, but Authtray's note of it cannot be read. Reconnect to go on.", provider)
	case ReasonNotKept:
		return fmt.Sprintf("Your last sign-in at %s is lost: Authtray ended before the keychain would take it. Unlock the keychain and reconnect.", provider)
	}
	return text.Sentence(orElse(detail, fmt.Sprintf("%s says access was revoked.", provider))) + " Reconnect to go on."
}

// mends is a detail that says itself what to do.
var mends = regexp.MustCompile(`(?i)[;,.] (check|correct|register|enable|set|connect)\b`)

// mendSentence adds the way on where the detail does not have it.
func mendSentence(r Reason, provider, detail string) string {
	const mend = " Mend that, and Authtray goes on by itself."
	switch {
	case r == ReasonConfiguration:
		return text.Sentence(orElse(detail, "The connection's file cannot be used")) + mend
	case detail == "" && r == ReasonClientRefused:
		return fmt.Sprintf("%s refuses the client id or secret. Check them against the app you registered there.", provider)
	case detail == "":
		return fmt.Sprintf("%s refuses the request. Check the connection's scopes and addresses.", provider)
	case mends.MatchString(detail):
		return text.Sentence(detail)
	}
	return text.Sentence(detail) + mend
}

func waitSentence(r Reason, provider, detail string) string {
	otherwise := fmt.Sprintf("%s has trouble renewing the token.", provider)
	switch r {
	case ReasonNetwork:
		otherwise = fmt.Sprintf("%s cannot be reached.", provider)
	case ReasonRefusedForNow:
		otherwise = fmt.Sprintf("%s refuses to renew the token for now.", provider)
	case ReasonUnclearRefusal:
		otherwise = fmt.Sprintf("%s refuses to renew the token.", provider)
		return text.Sentence(orElse(detail, otherwise)) + " Authtray tries again by itself; reconnecting would help."
	}
	return text.Sentence(orElse(detail, otherwise)) + " Authtray tries again by itself."
}

func lockedSentence(r Reason) string {
	if r == ReasonKeychainUnavailable {
		return "The keychain cannot be reached. Start it (GNOME Keyring, KWallet or KeePassXC), and Authtray goes on by itself."
	}
	return "The keychain is locked. Unlock it, and Authtray goes on by itself."
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// errorFor is what a caller is told in a state.
func (m *machine) errorFor(s State) *Error {
	r, detail := m.reason, m.detail
	if m.policy.broken != "" && s == Misconfigured {
		r, detail = ReasonConfiguration, m.policy.broken
	}
	e := Refusal(m.policy.name, s, r, m.policy.provider, detail)
	if e.Code == CodeTemporarilyUnavailable {
		e.RetryAt = m.retryAt
	}
	return e
}

// Refusal is what a caller is told instead of getting a token, by the connection's
// name and what Sentence takes. Its hint is the command that mends it.
func Refusal(name string, s State, r Reason, provider, detail string) *Error {
	e := &Error{Reason: r, Detail: Sentence(s, r, provider, detail)}
	switch s {
	case Disconnected:
		e.Code, e.Hint = CodeDisconnected, "authtray connect "+name
	case Connecting:
		e.Code, e.Hint = CodeConnecting, "authtray connect "+name
	case ReconnectRequired:
		e.Code, e.Hint = CodeReconnectRequired, "authtray connect "+name
	case Misconfigured:
		e.Code, e.Hint = CodeMisconfigured, "authtray status "+name
	case KeychainLocked:
		e.Code, e.Hint = CodeKeychainLocked, "authtray refresh "+name
	default:
		e.Code, e.Hint = CodeTemporarilyUnavailable, "authtray status "+name
		if s == Connected {
			e.Detail = fmt.Sprintf("The token from %s cannot be used with this computer's clock. Check the clock.", provider)
		}
	}
	return e
}

// errorAgain: a token that was just renewed, or confirmed, for a rejection is
// rejected too. A rejection is believed again from that time on.
func (m *machine) errorAgain(now, again time.Time) *Error {
	return &Error{
		Code: CodeRejectedAgain, RetryAt: again,
		Detail: fmt.Sprintf("This token was just renewed or confirmed by %s, so the refusal is about the request, not the token. Check the tool's scopes and address. If it is still refused in %s, say so again.",
			m.policy.provider, text.AtLeast(again.Sub(now))),
		Hint: "authtray status " + m.policy.name,
	}
}

// errorUntold: a token that nothing renews, of a provider that cannot be asked.
func (m *machine) errorUntold() *Error {
	return &Error{
		Code: CodeRejectedAgain,
		Detail: fmt.Sprintf("%s gave nothing to renew this token with, and has no address to ask whether it is still good. If other requests are refused as well, connect again.",
			m.policy.provider),
		Hint: "authtray connect " + m.policy.name,
	}
}

func (m *machine) errorUnclear() *Error {
	return &Error{
		Code: CodeTemporarilyUnavailable, Reason: ReasonNetwork, RetryAt: m.probes.at.Add(justRenewed),
		Detail: fmt.Sprintf("%s could not say whether the token is still good.", m.policy.provider),
		Hint:   "authtray status " + m.policy.name,
	}
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
	case f != nil && f.Class == refusal.Transient:
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
	return &Error{
		Code: CodeTemporarilyUnavailable, RetryAt: retryAt,
		Detail: fmt.Sprintf("Too many different tokens for less were asked for in a short time, so that %s is not asked for another one yet. The connection itself is fine.", m.policy.provider),
		Hint:   "authtray token " + m.policy.name,
	}
}

// lacking are the scopes asked for that the grant, as far as is known, does not
// have.
func (m *machine) lacking(asked []string) (list []string) {
	if m.served == nil || len(m.served.Scopes) == 0 {
		return nil
	}
	for _, s := range asked {
		if !slices.Contains(m.served.Scopes, s) && plainScope.MatchString(s) {
			list = append(list, s)
		}
	}
	return list
}

// plainScope is a scope that can stand in a command as it is.
var plainScope = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`)

func errorTimeout(provider string) *Error {
	return &Error{
		Code:   CodeTimeout,
		Detail: fmt.Sprintf("%s did not answer in the time you gave it. Try again, or allow more time.", provider),
		Hint:   "authtray status",
	}
}

func errorUnknown(name string) *Error {
	return &Error{
		Code:   CodeUnknownConnection,
		Detail: fmt.Sprintf("There is no connection named %q.", name),
		Hint:   "authtray status",
	}
}

// state is the one that the world sees: a pending flow and a configuration
// that cannot be used lie over the grant's own.
func (m *machine) state() State {
	switch {
	case m.flow:
		return Connecting
	case m.policy.broken != "" && m.base != ReconnectRequired:
		return Misconfigured
	}
	return m.base
}

// status is what the world may know. The caller fills in what only it knows.
func (m *machine) status(now time.Time) Status {
	s := Status{State: m.state(), Reason: m.reason, Unsaved: m.served != nil && m.store.unsaved && m.store.writes > 0, Announce: m.announce(now)}
	detail := m.detail
	if s.State == Misconfigured && m.policy.broken != "" {
		s.Reason, detail = ReasonConfiguration, m.policy.broken
	}
	s.Detail = Sentence(s.State, s.Reason, m.policy.provider, detail)
	if s.Unsaved && s.Detail == "" {
		s.Detail = unsavedSentence(m.served, m.policy.provider)
	}
	if s.State == Retrying || s.State == Misconfigured || s.State == KeychainLocked {
		s.RetryAt = timePtr(m.retryAt)
	}
	if g := m.served; g != nil {
		s.Account, s.AccountID, s.Scopes = g.Account.Label, g.Account.ID, g.Scopes
		s.ExpiresAt, s.NeverExpires = timePtr(g.ExpiresAt), g.ExpiresAt.IsZero()
		s.RefreshedAt, s.ConsentedAt = timePtr(g.ObtainedAt), timePtr(g.ConsentedAt)
		s.Refreshable = m.policy.refreshable(g)
		end := endsAt(g, m.policy)
		s.EndsAt = timePtr(end)
		s.EndsSoon = !end.IsZero() && !now.Before(end.Add(-warnAhead))
	}
	return s
}

// unsavedSentence is why a grant is in memory only.
func unsavedSentence(g *Grant, provider string) string {
	if b, err := g.encode(); err == nil && len(b) > store.MaxValue {
		return fmt.Sprintf("The token from %s is too large for the keychain (%d kB), so it is kept in memory only: when Authtray ends, it is lost. Ask for fewer scopes, or see with %s why it is so large.",
			provider, len(b)>>10, provider)
	}
	return "The new token is not in the keychain yet. Unlock or start it, and Authtray goes on by itself."
}

func timePtr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
