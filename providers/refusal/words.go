package refusal

import (
	"slices"
	"strings"
	"unicode"
)

// said is a code (RefreshTokenExpired) or one sentence for people ("Invalid refresh
// token: eyJ…"), taken apart.
type said struct {
	code     string   // in one spelling, without what follows one of :(;<
	sentence bool     // it has blanks
	words    []string // nil where there are too many, or odd ones
	meaning  string   // the words, joined by "_"
	blamed   bool     // this or a sentence beside it calls something bad
}

// maxWords is how long a sentence may be that is still listened to.
const maxWords = 12

// quotes stand around the names of parameters; commas between words.
var quotes = strings.NewReplacer(",", "", `"`, "", "'", "", "`", "", "[", "", "]", "")

// plainer puts what takes several words into one.
var plainer = strings.NewReplacer(
	"no_longer_valid", "invalid", "not_valid", "invalid", "unable_to_parse", "invalid",
	"no_longer_active", "inactive", "not_active", "inactive", "does_not_exist", "nonexistent", "no_such", "unknown",
	"not_authorized", "unauthorized")

// listen takes a value apart into its sentences.
func listen(value string) (list []said) {
	blamed := false
	for _, part := range strings.SplitN(value, ". ", 4) {
		list = append(list, hear(part))
		blamed = blamed || list[len(list)-1].has(badWords...)
	}
	for i := range list {
		list[i].blamed = blamed
	}
	return list
}

func hear(value string) (s said) {
	if i := strings.IndexAny(value, ":(;<"); i > 0 {
		value = value[:i]
	}
	s.sentence = strings.ContainsFunc(strings.TrimSpace(value), unicode.IsSpace)
	s.code = canonical(quotes.Replace(value))
	if !isPlain(s.code) {
		return s
	}
	words := strings.FieldsFunc(plainer.Replace(s.code), func(r rune) bool { return r == '_' })
	if len(words) <= maxWords {
		s.words, s.meaning = words, strings.Join(words, "_")
	}
	return s
}

// isPlain: letters, digits and "_" only, and no longer than a sentence is.
func isPlain(code string) bool {
	return len(code) <= 100 && !strings.ContainsFunc(code, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

var (
	// badWords call a token or a grant bad; clientWords a client, on top of those.
	badWords    = strings.Fields("invalid bad incorrect wrong unknown expired revoked inactive reuse reused used consumed claimed nonexistent")
	clientWords = strings.Fields("found disabled deleted suspended deactivated unregistered unauthorized blocked failed mismatch")
	// faultWords blame the request instead, or tell of something else that went
	// wrong, and say nothing about what it carried.
	faultWords = strings.Fields("missing parameter param request required empty header format")
	otherWords = strings.Fields("type allowed supported enabled disabled")
	// plainWords may stand in a sentence that means death, beside badWords. A
	// word more ("Something went wrong with the refresh token", "Failed to refresh
	// token") may turn it into anything.
	plainWords = strings.Fields(`refresh token grant authorization the a this your provided passed supplied specified given presented received
		is was are has have had been already or and no longer for by another client user anymore please login log sign in again`)
	// codeWords may stand in a code that does (InvalidGrantError).
	codeWords = strings.Fields("err error exception oauth oauth2")
	// limitWords say "not now" by twos.
	limitWords = strings.Fields("rate limit limits limited exceeded reached violation exhausted resource deadline concurrent requests")
	// pauseWords say it alone.
	pauseWords = strings.Fields("unavailable throttled throttling maintenance overloaded overload unreachable busy quota ratelimit ratelimited")
	// troubleWords say whose the error is: not ours, nor the grant's.
	troubleWords = strings.Fields("server internal unknown unexpected upstream backend gateway database network connection service system")
	// gateWords are what stands before a provider, and what it looks at.
	gateWords = strings.Fields("waf firewall captcha recaptcha captive portal proxy vpn geo ip")
)

// has tells whether one of these words is among those said.
func (s said) has(any ...string) bool { return containsAny(s.words, any) }

// namesGrant: it is about what the grant consists of.
func (s said) namesGrant() bool {
	return s.has("grant") || strings.Contains(s.meaning, "refresh_token")
}

// isPlainlyBad: it calls something bad, and says nothing else.
func (s said) isPlainlyBad() bool {
	return s.has(badWords...) && !slices.ContainsFunc(s.words, func(w string) bool {
		return !slices.Contains(plainWords, w) && !slices.Contains(badWords, w) && (s.sentence || !slices.Contains(codeWords, w))
	})
}

// callsRefreshTokenBad: a code may say so among others, a sentence must say
// nothing else. "refresh_token not found" may be about a parameter, and "Token
// expired, please refresh token" is about another one. What is named first is what
// is bad: a client or its refresh token.
func (s said) callsRefreshTokenBad() bool {
	before, _, named := strings.Cut(s.meaning, "refresh_token")
	switch {
	case !named || strings.Contains(before, "client") || s.has(faultWords...):
		return false
	case strings.Contains(before, "please") || strings.HasSuffix(before, "token_"):
		return false
	case s.sentence:
		return s.isPlainlyBad()
	}
	return (s.has(badWords...) || s.has("found")) && !s.has(otherWords...) && !s.has(limitWords...) && !s.has(gateWords...) &&
		!s.has("many", "attempts", "cookie", "session")
}

func (s said) callsGrantBad() bool {
	before, _, named := strings.Cut(s.meaning, "grant")
	return named && s.has("grant") && !strings.Contains(before, "client") && s.isPlainlyBad()
}

// saysNotNow: limits count where it is not a token or a session that has one, and
// "try again" where nothing is called bad.
func (s said) saysNotNow() bool {
	limits := 0
	for _, w := range s.words {
		if slices.Contains(limitWords, w) {
			limits++
		}
	}
	switch {
	case s.has(pauseWords...), s.has("many") && s.has("requests"), strings.Contains(s.meaning, "rate_limit"):
		return true
	case s.has("timeout"), strings.Contains(s.meaning, "timed_out"):
		return !s.has("session", "grant", "idle")
	case limits >= 2, strings.Contains(s.meaning, "too_many"):
		return !s.has("token", "tokens", "grant", "session")
	}
	return (s.has("retry", "temporary", "temporarily") || strings.Contains(s.meaning, "try_again")) && !s.blamed
}

func (s said) saysTrouble() bool {
	return s.has(troubleWords...) && s.has("error", "failure", "exception")
}

// namesGatekeeper: it comes from what stands before the provider. What the
// provider itself blocks has a name.
func (s said) namesGatekeeper() bool {
	return s.has(gateWords...) ||
		s.has("blocked") && !s.has("user", "account", "app", "application", "client", "token", "grant")
}

// callsClientBad: ours, not what a gateway calls so (a "client certificate"), and
// the id and the secret also where they are missing. Some codes say app.
func (s said) callsClientBad() bool {
	bad := s.has(badWords...) || s.has(clientWords...)
	before, _, _ := strings.Cut(s.meaning, "client")
	switch {
	case s.has("address", "certificate"), strings.Contains(before, "refresh_token"):
		return false
	case !s.sentence && s.has("app", "application"):
		return bad
	case s.has("client") && s.has("id", "secret", "credentials", "authentication"):
		return bad || s.has("missing", "required")
	}
	return s.has("client") && bad && !s.has(faultWords...)
}

func (s said) callsGrantTypeBad() bool {
	return s.has("grant") && (s.has("unsupported") || s.has("type") && s.has(badWords...))
}

func (s said) callsScopeBad() bool {
	return !s.sentence && s.has("scope", "scopes") && (s.has(badWords...) || s.has("insufficient"))
}

func (s said) callsRedirectBad() bool {
	return strings.Contains(s.meaning, "redirect_uri") && (s.has(badWords...) || s.has("mismatch"))
}

func containsAny(words, any []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
}
