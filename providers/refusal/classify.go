package refusal

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
//	a code of knownCodes, or one whose words say it (wordRules)      its class
//	  but unauthorized_client, beside a bad refresh token            Dead
//	the same in a text for people, if Dead only where it names a
//	  grant or a refresh token                                       its class
//	404, 405                                                         Misconfigured (the URL)
//	an OAuth server's refusal (isShaped) with any other code         Suspect
//	anything else: HTML, nothing, a firewall's page or JSON          Transient
//
// Dead erases the grant at once and Suspect after some tries, so neither may be
// said of what a firewall, a gateway or a limiter answers. Codes are looked for
// under the entry's code_paths, then under the names that providers give them
// (codeNames), wherever they stand, and compared in one spelling: bad
// refresh-token, BadRefreshToken and BAD_REFRESH_TOKEN are bad_refresh_token.
func Classify(rules ErrorRules, status int, header http.Header, body []byte, now time.Time) *Failure {
	e := readError(rules, body)
	e.texts = appendText(e.texts, bearerError(header))
	f := &Failure{Status: status, RetryAfter: retryAfter(header, now), Code: e.code(rules)}
	f.Class, f.Code = e.class(rules, status, f.Code)
	f.Lost = answerLost(status, f.Code)
	f.Detail = Sentence(f)
	return f
}

// knownCodes is what a code means wherever it is met. In a sentence for people
// ("Login required") they mean death only where it names the grant.
var knownCodes = map[string]Class{
	"invalid_grant": Dead, "bad_refresh_token": Dead,
	"interaction_required": Dead, "consent_required": Dead, "login_required": Dead,
	"inactive_user": Dead, "inactive_org": Dead,

	"fatal_error": Transient, "slow_down": Transient, "authorization_pending": Transient,

	"invalid_client": Misconfigured, "incorrect_client_credentials": Misconfigured, "bad_client_secret": Misconfigured,
	"unauthorized_client": Misconfigured, "unsupported_grant_type": Misconfigured, "invalid_scope": Misconfigured,
	"invalid_target": Misconfigured, "invalid_resource": Misconfigured, "redirect_uri_mismatch": Misconfigured,
	"device_flow_disabled": Misconfigured, "token_rotation_not_enabled": Misconfigured, "use_dpop_nonce": Misconfigured,
	"invalid_dpop_proof": Misconfigured,
}

// browserCodes are OpenID Connect's under error. Under other names portals and
// gateways use the same words.
var browserCodes = []string{"login_required", "consent_required", "interaction_required"}

// wordRules are for all the codes and sentences that no list can hold, first
// match. What the words are stands in words.go.
var wordRules = []struct {
	fits  func(said) bool
	class Class
	code  string // the usual code for it
}{
	{said.saysTrouble, Transient, "server_error"},              // internal_failure, unknown_refresh_token_error
	{said.callsRefreshTokenBad, Dead, "invalid_refresh_token"}, // RefreshTokenExpired, "The refresh token has already been used."
	{said.callsGrantBad, Dead, "invalid_grant"},                // grant_revoked
	{said.saysNotNow, Transient, "temporarily_unavailable"},    // throttled, quota_exceeded, "Please try again later"
	{said.namesGatekeeper, Transient, "blocked"},               // captive_portal, "Request blocked by WAF"
	{said.callsClientBad, Misconfigured, "invalid_client"},     // unregistered_client, "client_secret is missing."
	{said.callsGrantTypeBad, Misconfigured, "unsupported_grant_type"},
	{said.callsScopeBad, Misconfigured, "invalid_scope"},
	{said.callsRedirectBad, Misconfigured, "redirect_uri_mismatch"},
}

// codeNames are the members in which providers put an error code, in the order in
// which they are believed, at any depth. textNames hold text for people: what a
// code means is recognized there too, but nothing from them is ever shown, since
// some providers repeat the request in them. Case, "_" and "-" make no difference.
var (
	codeNames = strings.Fields("error errorcode code errors err errortype errorid errorreason type reason status errorstatus fault")
	textNames = strings.Fields("message msg errordescription errormessage description detail title id name")
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
	case PassingStatus(status):
		return Transient, code
	}
	if class, code, ok := e.wordClass(); ok {
		return class, code
	}
	switch {
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return Misconfigured, code
	case e.isShaped(rules, status):
		return Suspect, code
	}
	return Transient, "not_oauth"
}

// wordClass is the class that a code gives, else a text.
func (e oauthError) wordClass() (Class, string, bool) {
	errors := append(slices.Clip(e.own), valuesOf(e.members, []string{"error", "errorcode"})...)
	for _, c := range e.codes {
		class, code, ok := codeClass(c)
		if slices.Contains(browserCodes, code) && !slices.Contains(errors, c) {
			continue // a portal's {"status": "login_required"}
		}
		if code == "unauthorized_client" && e.blamesRefreshToken() {
			return Dead, code, true // Gitea, Atlassian: the client may not use this refresh token, which says little about the client
		}
		if ok {
			return class, code, true
		}
	}
	for _, t := range e.texts {
		for _, s := range listen(t) {
			if class, code, ok := s.class(); ok && (class != Dead || s.namesGrant()) {
				return class, code, true
			}
		}
	}
	return 0, "", false
}

func (e oauthError) blamesRefreshToken() bool {
	return slices.ContainsFunc(e.texts, func(t string) bool { return slices.ContainsFunc(listen(t), said.callsRefreshTokenBad) })
}

// PassingStatus reports whether the provider, or something before it, is in
// trouble. Nothing in the body outweighs that: a gateway may answer in the
// provider's name.
func PassingStatus(status int) bool {
	return status >= 500 || slices.Contains([]int{407, 408, 425, 429}, status)
}

// codeClass is the class of a code, if one of the sentences in it has one.
func codeClass(value string) (class Class, code string, ok bool) {
	for _, s := range listen(value) {
		if class, code, ok := s.class(); ok {
			return class, code, true
		}
	}
	return 0, "", false
}

// class is what a code or a sentence means, if it is known or its words say it:
// with the code itself, or the usual one for a sentence.
func (s said) class() (class Class, code string, ok bool) {
	if class, ok := knownCodes[s.code]; ok && (class != Dead || !s.sentence || s.namesGrant()) {
		return class, s.code, true
	}
	for _, r := range wordRules {
		switch {
		case r.fits(s) && s.sentence:
			return r.class, r.code, true
		case r.fits(s):
			return r.class, SafeCode(s.code), true
		}
	}
	return 0, "", false
}

// answerLost: a gateway gave up waiting, or a success came through unreadable.
// In both cases the provider may have acted on the request.
func answerLost(status int, code string) bool {
	return status == http.StatusBadGateway || status == http.StatusGatewayTimeout ||
		status >= 200 && status < 300 && code == "not_oauth"
}
