package providers

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
)

// Answer is a token answer (RFC 6749 §5.1), read tolerantly: an odd member
// never costs the tokens beside it.
type Answer struct {
	AccessToken  string
	TokenType    string // "Bearer" when the answer gives none
	RefreshToken string // empty: the answer gave none, the old one stays
	IDToken      string
	Scopes       []string // nil: not stated, as asked for

	// ExpiresIn is the access token's lifetime. It is never negative; where the
	// answer states none, or none that makes sense, expiry says what it is. 0
	// without Never: the token was over as it came.
	ExpiresIn time.Duration
	// Never says that the access token does not expire; ExpiresIn is then 0.
	Never bool
	// unclear: a lifetime was stated, but not one that makes sense, and the entry
	// has no default.
	unclear bool
	// over: …and says that nothing is left of it.
	over bool
	// RefreshExpiresIn is the refresh token's lifetime; 0: not stated.
	RefreshExpiresIn time.Duration

	// SentAt is the wall time at which the request was sent: lifetimes count
	// from it, so that a slow answer never makes a token look younger.
	SentAt time.Time

	// Extra holds the members that the entry keeps (tokens.keep), as they came.
	Extra map[string]json.RawMessage
}

// Account is whose grant it is.
type Account struct {
	ID    string `json:"id,omitempty"`    // stable at the provider
	Label string `json:"label,omitempty"` // for people; hostile text
}

// Binding names what a grant was made with. A grant is never sent elsewhere.
type Binding struct {
	Issuer   string   `json:"issuer,omitempty"`
	ClientID string   `json:"client_id"`
	Origins  []string `json:"origins"`           // scheme://host:port of the token, refresh and revocation endpoints, sorted
	SignIn   string   `json:"sign_in,omitempty"` // …of an authorization endpoint that the user was asked about; see OtherHost

	// Resources.Origins; nil in a record from before there were any.
	Resources []string `json:"resources,omitzero"`
}

// Liveness is what a whoami probe says of an access token. One bad probe is
// never a verdict.
type Liveness int

const (
	Unclear Liveness = iota // no answer, an odd answer, or no way to ask
	Alive
	DeadToken
)

// readAnswer reads a token answer. It is false for anything that brings no
// usable access token, or that the entry's ok_field calls a failure.
//
// Lifetimes count from sentAt.
func readAnswer(e catalog.Entry, status int, body []byte, sentAt time.Time) (Answer, bool) {
	root := refusal.ParseBody(body)
	if status < 200 || status > 299 || e.Errors.Failed(root) {
		return Answer{}, false
	}
	m := root
	if nested := refusal.Lookup(root, e.Tokens.Path); usableToken(refusal.Member(nested, "access_token")) {
		m = nested
	}
	if !usableToken(refusal.Member(m, "access_token")) {
		return Answer{}, false
	}
	a := Answer{
		AccessToken:      tokenText(refusal.Member(m, "access_token")),
		TokenType:        tokenType(refusal.Text(refusal.Member(m, "token_type"))),
		RefreshToken:     refreshTokenIn(m),
		IDToken:          tokenText(refusal.Member(m, "id_token")),
		Scopes:           readScopes(m),
		RefreshExpiresIn: refreshLifetime(e.Tokens, m, sentAt),
		Extra:            keptMembers(e.Tokens.Keep, m, root),
		SentAt:           sentAt,
	}
	a.ExpiresIn, a.Never, a.unclear = expiry(e.Tokens, m, sentAt)
	a.over = a.unclear && nothingLeft(refusal.Member(m, cmp.Or(e.Tokens.ExpiresIn, "expires_in")))
	if a.RefreshToken != "" {
		a = a.renewable()
	}
	return a, true
}

// usableToken: a token that can stand in a header.
func usableToken(v any) bool {
	s := tokenText(v)
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) })
}

// refreshTokenIn is the new refresh token; "" where there is none, or one that no
// provider can mean (RFC 6749 §A.17): the old one stays.
func refreshTokenIn(m any) string {
	s := tokenText(refusal.Member(m, "refresh_token"))
	if strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// tokenText: only a string is a token. "refresh_token": false says that there is
// none, and must not replace the one there is.
func tokenText(v any) string {
	s, _ := v.(string)
	return strings.TrimSpace(s)
}

// tokenType: whatever a provider calls it ("bearer", Slack's "user"), it is used
// as a bearer token, unless it is one of the types that are not.
func tokenType(s string) string {
	switch strings.ToLower(s) {
	case "dpop":
		return "DPoP"
	case "mac":
		return "MAC"
	}
	return "Bearer"
}

// readScopes takes a list or a string, separated by spaces or commas; GitHub
// answers with commas to a request with spaces. Bitbucket called it scopes.
func readScopes(m any) []string {
	for _, name := range []string{"scope", "scopes"} {
		switch v := refusal.Member(m, name).(type) {
		case []any:
			if list := splitScopes(strings.Join(textList(v), " ")); len(list) > 0 {
				return list
			}
		case string:
			if list := splitScopes(v); len(list) > 0 {
				return list
			}
		}
	}
	return nil
}

func splitScopes(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
}

// keptMembers takes the entry's extra members, from beside the token or from the top.
func keptMembers(paths []string, m, root any) map[string]json.RawMessage {
	var extra map[string]json.RawMessage
	for _, path := range paths {
		v := refusal.Lookup(m, path)
		if v == nil {
			v = refusal.Lookup(root, path)
		}
		raw, err := json.Marshal(v)
		if v == nil || err != nil {
			continue
		}
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[path] = raw
	}
	return extra
}

// expiry is the access token's lifetime, first match:
//
//	expires_in is a number of seconds, or a moment   that
//	expires_at is a moment to come                   the time until then (Strava, Sentry)
//	the token is a JWT with a moment to come (exp)   the time until then, or the entry's default
//	                                                 where that is less
//	the entry has a default                          the default
//	neither is stated                                never
//	nothing is left (0, -1)                          over at once where the grant can be
//	                                                 renewed, else never
//	what is stated makes no sense                    unclear: guessedLifetime where the grant
//	                                                 can be renewed, else never
//
// What makes no sense: text ("3600s", "3,600"), and a moment that has passed, since
// it is this machine's clock that may be wrong. Without a refresh token there is
// nothing better than to serve the token until a tool says that it is rejected; some
// providers mean "never" by 0.
func expiry(t catalog.TokenRules, m any, sentAt time.Time) (in time.Duration, never, unclear bool) {
	stated := refusal.Member(m, cmp.Or(t.ExpiresIn, "expires_in"))
	if d, ok := lifetime(stated, t.Unit(), sentAt); ok {
		return d, false, false
	}
	at := refusal.Member(m, "expires_at")
	if d, ok := until(at, sentAt); ok {
		return d, false, false
	}
	usual := time.Duration(t.DefaultExpiresIn) * time.Second
	if d, ok := jwtLifetime(tokenText(refusal.Member(m, "access_token")), sentAt); ok && (usual <= 0 || d < usual) {
		return d, false, false
	}
	if usual > 0 {
		return usual, false, false
	}
	return 0, true, isStated(stated) || isStated(at)
}

// jwtLifetime is how long an access token is good that says so itself (RFC 9068 §2.2):
// from now on, or from its own beginning where this machine's clock is behind that or
// beyond its end. Nobody has to believe it: the token is only renewed by it.
func jwtLifetime(token string, sentAt time.Time) (time.Duration, bool) {
	claims := idClaims(token)
	end, ok := moment(refusal.Lookup(claims, "exp"))
	begin, dated := moment(refusal.Lookup(claims, "iat"))
	if !dated || begin.Before(sentAt) && sentAt.Before(end) {
		begin = sentAt
	}
	d := min(end.Sub(begin), catalog.MaxLifetime)
	return d, ok && d >= minLifetime
}

// guessedLifetime is usual enough, and a token that lives on is only renewed
// early. One that does not is told by the tool that is turned away with it.
const guessedLifetime = time.Hour

// renewable is the answer for a grant that has a refresh token: a lifetime that
// nobody could read, or that is over, must not become "for ever" there.
func (a Answer) renewable() Answer {
	switch {
	case a.over:
		a.ExpiresIn, a.Never = 0, false
	case a.unclear:
		a.ExpiresIn, a.Never = guessedLifetime, false
	}
	return a
}

// nothingLeft: the answer says in a number that its token is over as it comes.
func nothingLeft(v any) bool {
	n, err := strconv.ParseFloat(strings.TrimSpace(refusal.Text(v)), 64)
	return err == nil && n <= 0
}

func isStated(v any) bool { return v != nil && v != "" }

// Numbers from here on are moments in seconds since 1970 (from 2001 on), and in
// milliseconds: a lifetime of thirty years is somebody's expires_at under the
// wrong name.
const (
	firstMoment   = 1e9
	firstMomentMs = 1e12
	lastMomentMs  = 1e15
)

// minLifetime: a lifetime below a second is none.
const minLifetime = time.Second

// lifetime reads a positive number of units, in whatever dress.
func lifetime(v any, unit time.Duration, sentAt time.Time) (time.Duration, bool) {
	n, ok := number(v)
	if !ok || n*unit.Seconds() >= firstMoment && n < lastMomentMs {
		return until(v, sentAt)
	}
	d := time.Duration(min(n*float64(unit), float64(catalog.MaxLifetime)))
	return d, d >= minLifetime
}

// until is the time to a moment that is yet to come.
func until(v any, sentAt time.Time) (time.Duration, bool) {
	at, ok := moment(v)
	d := min(at.Sub(sentAt), catalog.MaxLifetime)
	return d, ok && d >= minLifetime
}

// moment reads seconds or milliseconds since 1970, or RFC 3339.
func moment(v any) (time.Time, bool) {
	if n, ok := number(v); ok {
		if n >= firstMomentMs {
			return time.UnixMilli(int64(min(n, lastMomentMs))), n < lastMomentMs
		}
		seconds, rest := math.Modf(n)
		return time.Unix(int64(seconds), int64(rest*1e9)), n >= firstMoment
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(refusal.Text(v)))
	return t, err == nil
}

// number reads a number that is more than zero; one too large for any type is
// infinite.
func number(v any) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(refusal.Text(v)), 64)
	return n, (err == nil || math.IsInf(n, 1)) && n > 0
}

func refreshLifetime(t catalog.TokenRules, m any, sentAt time.Time) time.Duration {
	for _, name := range t.RefreshExpiresIn {
		if d, ok := lifetime(refusal.Lookup(m, name), time.Second, sentAt); ok {
			return d
		}
	}
	return 0
}
