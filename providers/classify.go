package providers

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Classify says what an answer that holds no token means for the grant. It is
// pure. The entry's own rules come first, then this table, first match:
//
//	status 3xx (never followed), 407, 408, 425, 429, 5xx, any body   Transient
//	a code of knownCodes, any status                                 its class
//	a code that calls the refresh token bad                          Dead
//	a code that calls the client bad                                 Misconfigured
//	404, 405                                                         Misconfigured (the URL)
//	an OAuth-shaped body with any other code                         Suspect
//	anything else: HTML, nothing, a firewall's page                  Transient
//
// Codes are looked for under the entry's code_paths, then under the names that
// providers give them (codeNames), wherever they stand, and compared in one spelling: bad
// refresh-token, BadRefreshToken and BAD_REFRESH_TOKEN are bad_refresh_token.
func Classify(rules ErrorRules, status int, header http.Header, body []byte, now time.Time) *Failure {
	e := readError(rules, body)
	e.texts = appendText(e.texts, bearerError(header))
	f := &Failure{Status: status, RetryAfter: retryAfter(header, now), Code: e.code(rules)}
	f.Class, f.Code = e.class(rules, status, f.Code)
	f.Lost = answerLost(status, f.Code)
	f.Detail = sentence(f)
	return f
}

// knownCodes is what a code means wherever it is met.
var knownCodes = map[string]Class{
	"invalid_grant": Dead, "bad_refresh_token": Dead,
	"interaction_required": Dead, "consent_required": Dead, "login_required": Dead,
	"inactive_user": Dead, "inactive_org": Dead,

	"temporarily_unavailable": Transient, "service_unavailable": Transient, "unavailable": Transient,
	"server_error": Transient, "internal_error": Transient, "internal_server_error": Transient, "fatal_error": Transient,
	"slow_down": Transient, "ratelimited": Transient, "rate_limited": Transient, "rate_limit_exceeded": Transient,
	"too_many_requests": Transient, "request_timeout": Transient, "authorization_pending": Transient,

	"invalid_client": Misconfigured, "incorrect_client_credentials": Misconfigured, "bad_client_secret": Misconfigured,
	"unauthorized_client": Misconfigured, "unsupported_grant_type": Misconfigured, "invalid_scope": Misconfigured,
	"invalid_target": Misconfigured, "invalid_resource": Misconfigured, "redirect_uri_mismatch": Misconfigured,
	"device_flow_disabled": Misconfigured, "token_rotation_not_enabled": Misconfigured,
}

// codeNames are the members in which providers put an error code, in the order in
// which they are believed, at any depth. textNames hold text for people: a known
// code is recognized there too, but nothing from them is ever shown, since some
// providers repeat the request in them. Case, "_" and "-" make no difference.
var (
	codeNames = strings.Fields("error errorcode code errors errortype type reason status errorstatus fault")
	textNames = strings.Fields("message errordescription errormessage description detail title id name")
)

func (e oauthError) class(rules ErrorRules, status int, code string) (Class, string) {
	switch {
	case e.matches(rules.Reconnect, status):
		return Dead, code
	case e.matches(rules.Misconfig, status):
		return Misconfigured, code
	case e.matches(rules.Transient, status):
		return Transient, code
	case status >= 300 && status < 400:
		return Transient, "redirect"
	case passingStatus(status):
		return Transient, code
	}
	for _, c := range e.codes {
		if class, _, ok := codeClass(c); ok {
			return class, canonical(c)
		}
	}
	for _, c := range e.texts {
		if class, usual, ok := codeClass(c); ok {
			return class, usual
		}
	}
	switch {
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return Misconfigured, code
	case e.shaped:
		return Suspect, code
	}
	return Transient, "not_oauth"
}

// passingStatus: the provider, or something before it, is in trouble. Nothing in
// the body outweighs that: a gateway may answer in the provider's name.
func passingStatus(status int) bool {
	return status >= 500 || slices.Contains([]int{407, 408, 425, 429}, status)
}

// codeClass is the class of a code, if it is known or calls something bad that
// we know, and the usual code for that.
func codeClass(code string) (class Class, usual string, ok bool) {
	code = canonical(code)
	if class, ok := knownCodes[code]; ok {
		return class, code, true
	}
	words := strings.Split(code, "_")
	switch {
	case len(words) > 6 || !isPlain(code) || !containsAny(words, badWords) || containsAny(words, faultWords):
		return 0, "", false
	case slices.Contains(words, "client"):
		return Misconfigured, "invalid_client", true
	case strings.Contains(code, "refresh_token"):
		return Dead, "invalid_refresh_token", true
	}
	return 0, "", false
}

// badWords call a code's subject bad. faultWords blame the request instead, and
// say nothing about what it carried.
var (
	badWords   = strings.Fields("invalid bad incorrect wrong unknown expired revoked inactive disabled reused used consumed nonexistent found")
	faultWords = strings.Fields("missing parameter param request required empty header format")
)

func containsAny(words, any []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
}

// answerLost: a gateway gave up waiting, or a success came through unreadable.
// In both cases the provider may have acted on the request.
func answerLost(status int, code string) bool {
	return status == http.StatusBadGateway || status == http.StatusGatewayTimeout ||
		status >= 200 && status < 300 && code == "not_oauth"
}
