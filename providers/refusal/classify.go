package refusal

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Classify says what an answer that holds no token means for the grant. It is
// pure. The first row that fits counts:
//
//	a rule of the entry: refused, reconnect, misconfig, transient (in this order)  RefusedForNow, Dead, …
//	3xx (never followed), 407, 408, 425, 429, 5xx, whatever the body says          Transient
//	invalid_grant                                                                  Dead
//	invalid_client, unauthorized_client, unsupported_grant_type, invalid_scope,
//	  invalid_target, use_dpop_nonce, invalid_dpop_proof                           Misconfigured
//	temporarily_unavailable, server_error, slow_down, authorization_pending        Transient
//	404, 405                                                                       Misconfigured (the URL)
//	400 or 401 in JSON or form encoding, or without a body                         Suspect
//	any other status with an error code, or with the entry's ok_field false        Suspect
//	anything else: HTML, a firewall's page, a 2xx that is no token answer          Transient
//
// Only the standard's word or the entry's ends a grant, since Dead erases it. A
// gateway may answer in the provider's name with 429 or 5xx, so there not even
// the standard's word counts.
//
// A code stands under the entry's code_paths, under error (RFC 6749 §5.2), or in
// a Bearer challenge (RFC 6750 §3). Where any status will do, it is one word, and
// not HTTP's own for that status ({"status":403,"error":"Forbidden"}).
func Classify(rules ErrorRules, status int, header http.Header, body []byte, now time.Time) *Failure {
	a := readAnswer(rules, status, header, body)
	f := &Failure{Status: status, RetryAfter: retryAfter(header, now), Code: a.code()}
	f.Class, f.Policy = a.class()
	switch {
	case status >= 300 && status < 400:
		f.Code = "redirect"
	case f.Code == "" && f.Class == Suspect:
		f.Code = "no_code"
	case f.Code == "":
		f.Code = "not_oauth"
	}
	f.Lost = answerLost(status, f.Code)
	f.Detail = Sentence(f)
	return f
}

// standardCodes are the error codes of RFC 6749 §5.2 and §4.1.2.1, RFC 8628 §3.5,
// RFC 8707 §2 and RFC 9449 §5 and §8 whose meaning for a grant is plain.
var standardCodes = map[string]Class{
	"invalid_grant": Dead,

	"invalid_client": Misconfigured, "unauthorized_client": Misconfigured, "unsupported_grant_type": Misconfigured,
	"invalid_scope": Misconfigured, "invalid_target": Misconfigured,
	"use_dpop_nonce": Misconfigured, "invalid_dpop_proof": Misconfigured,

	"temporarily_unavailable": Transient, "server_error": Transient, "slow_down": Transient, "authorization_pending": Transient,
}

// answer is what Classify looks at.
type answer struct {
	rules   ErrorRules
	status  int
	members any
	codes   []string // the likeliest first
	empty   bool
}

func readAnswer(rules ErrorRules, status int, header http.Header, body []byte) answer {
	a := answer{rules: rules, status: status, members: ParseBody(body), empty: len(bytes.TrimSpace(body)) == 0}
	if a.codes = rules.codes(a.members); len(a.codes) == 0 {
		if m := bearerError().FindStringSubmatch(header.Get("WWW-Authenticate")); m != nil {
			a.codes = m[1:]
		}
	}
	return a
}

var bearerError = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*(?:Bearer|DPoP)\s(?:.*[\s,])?error="?([a-z_]{1,64})`)
})

func (a answer) class() (class Class, policy string) {
	for _, r := range a.rules.Refused {
		if a.matches([]string{r.Rule}) {
			return RefusedForNow, r.Refuses
		}
	}
	switch known, isStandard := a.standardClass(); {
	case a.matches(a.rules.Reconnect):
		return Dead, ""
	case a.matches(a.rules.Misconfig):
		return Misconfigured, ""
	case a.matches(a.rules.Transient), a.status >= 300 && a.status < 400, PassingStatus(a.status):
		return Transient, ""
	case isStandard:
		return known, ""
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed:
		return Misconfigured, ""
	case a.isRefusal():
		return Suspect, ""
	}
	return Transient, ""
}

// matches reports whether one of the rules (already checked when loaded) matches.
func (a answer) matches(rules []string) bool {
	return slices.ContainsFunc(rules, func(s string) bool {
		r, err := parseRule(s)
		return err == nil && r.matches(a)
	})
}

// standardClass is the class of the first code that the standard has.
func (a answer) standardClass() (class Class, ok bool) {
	for _, code := range a.codes {
		if class, ok = standardCodes[plainCode(code)]; ok {
			return class, true
		}
	}
	return 0, false
}

// isRefusal reports whether an OAuth server may have given the answer, rather
// than what stands before it.
func (a answer) isRefusal() bool {
	if a.status == http.StatusBadRequest || a.status == http.StatusUnauthorized {
		return a.empty || a.members != nil || len(a.codes) > 0
	}
	return a.rules.Failed(a.members) || slices.ContainsFunc(a.codes, func(code string) bool {
		return isWord().MatchString(code) && !strings.EqualFold(code, http.StatusText(a.status))
	})
}

// code is the provider's own word for the error, safe to show: one that the
// standard has, else the first that is one word, else the first; "" for none.
func (a answer) code() string {
	for _, fits := range []func(string) bool{
		func(code string) bool { _, ok := standardCodes[plainCode(code)]; return ok },
		isWord().MatchString,
		func(string) bool { return true },
	} {
		if i := slices.IndexFunc(a.codes, fits); i >= 0 {
			return SafeCode(a.codes[i])
		}
	}
	return ""
}

var isWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`) })

func plainCode(code string) string { return strings.ToLower(strings.TrimSpace(code)) }

// PassingStatus reports whether the provider, or something before it, is in
// trouble. Nothing in the body outweighs that: a gateway may answer in the
// provider's name.
func PassingStatus(status int) bool {
	return status >= 500 || slices.Contains([]int{407, 408, 425, 429}, status)
}

// answerLost: a gateway gave up waiting, or a success came through unreadable.
// In both cases the provider may have acted on the request.
func answerLost(status int, code string) bool {
	return status == http.StatusBadGateway || status == http.StatusGatewayTimeout ||
		status >= 200 && status < 300 && code == "not_oauth"
}

// goneCodes say, in an answer to a revocation, that there is nothing to revoke.
var goneCodes = []string{"invalid_grant", "invalid_token", "token_revoked", "token_expired", "token_not_found", "invalid_auth"}

// TokenGone reports whether an answer to a revocation (RFC 7009) says that the
// token is revoked now, or that the provider does not know it.
func TokenGone(rules ErrorRules, status int, body []byte) bool {
	a := readAnswer(rules, status, nil, body)
	if status >= 200 && status < 300 && !rules.Failed(a.members) {
		if e := Lookup(a.members, "error"); e == nil || e == "" || e == false {
			return true
		}
	}
	if status >= 300 && status < 400 || PassingStatus(status) {
		return false
	}
	return a.matches(rules.Reconnect) || slices.ContainsFunc(a.codes, func(code string) bool {
		return slices.Contains(goneCodes, plainCode(code))
	})
}

// SafeCode reduces a foreign error code to [a-z0-9_.-]{1,64}, so that it can be
// shown and logged: no markup, no escape sequences, no length. What is not a
// code becomes "unknown".
func SafeCode(s string) string {
	safe := SafeText(s[:min(len(s), 256)])
	if safe = safe[:min(len(safe), 64)]; safe == "" {
		return "unknown"
	}
	return safe
}

// SafeText is SafeCode without its bounds.
func SafeText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		case r == ' ':
			return '_'
		}
		return -1
	}, strings.TrimSpace(s))
}
