package refusal

import (
	"fmt"
	"net/http"
	"strings"
)

// Sentence says for people what happened and, if something must be fixed, what.
// It begins with "The provider", which a Client replaces by the entry's name.
func Sentence(f *Failure) string {
	if s := codes[f.Code].sentence; s != "" && f.Class != Transient && f.Class != RefusedForNow {
		return s
	}
	switch status := f.Status; {
	case f.Class == Dead:
		return "The provider says that access was revoked or has ended."
	case f.Class == RefusedForNow:
		return "The provider refuses " + f.Policy + "."
	case f.Class == Suspect && f.Code == "no_code":
		return fmt.Sprintf("The provider refused without saying why (HTTP %d).", status)
	case f.Class == Suspect:
		return fmt.Sprintf("The provider refused with %q, which is not one of the usual answers.", f.Code)
	case f.Class == Misconfigured && f.NothingThere():
		return "The provider has nothing at the URL asked; if that lasts, check the host and the connection's URLs."
	case f.Class == Misconfigured:
		return fmt.Sprintf("The provider does not accept our request (%s); check client id, client secret and scopes.", f.Code)
	case status >= 300 && status < 400:
		return "The provider answered with a redirect, which is never followed here; a login page of the network may be in the way."
	case status == http.StatusTooManyRequests:
		return "The provider asks us to slow down."
	case status == http.StatusProxyAuthRequired:
		return "The proxy wants a password; check HTTPS_PROXY."
	case status >= 500:
		return "The provider is in trouble at the moment."
	case f.Code == "not_oauth":
		return "The provider's answer was not one; a login page of the network or a firewall may be in the way."
	}
	return "The provider cannot answer at the moment."
}

// Field is the field of the connection that is to be corrected; "" where it is none
// in particular.
func (f *Failure) Field() string {
	if f.Class != Misconfigured {
		return ""
	}
	return codes[f.Code].field
}

// codes are what is known of error codes, the provider's and our own: the field to be
// corrected, and what is said of the code whatever the status.
var codes = map[string]struct{ field, sentence string }{
	"interaction_required": {"", "The provider wants you to sign in again in the browser."},
	"login_required":       {"", "The provider wants you to sign in again in the browser."},
	"consent_required":     {"", "The provider wants your consent again in the browser."},
	"inactive_user":        {"", "The provider says that the account is disabled."},
	"inactive_org":         {"", "The provider says that the organization is disabled."},
	"account_inactive":     {"", "The provider says that the account is disabled."},

	"invalid_client":               {"client_id", "The provider does not accept the client id or the client secret; check both."},
	"incorrect_client_credentials": {"client_id", "The provider does not accept the client id or the client secret; check both."},
	"bad_client_secret":            {"client_secret", "The provider does not accept the client secret; set it again."},
	"unauthorized_client":          {"client_id", "The provider does not let this client do that; check the app's settings at the provider (grant types, redirect URI)."},
	"unsupported_grant_type":       {"", "The provider does not support this kind of request; check the token URL and the provider chosen."},
	"invalid_scope":                {"scopes", "The provider does not grant one of the scopes asked for; correct the connection's scopes."},
	"invalid_target":               {"resource", "The provider does not know the resource asked for; correct the connection's resource."},
	"redirect_uri_mismatch":        {"", "The provider does not know our redirect URI; register it exactly as shown for this provider."},
	"use_dpop_nonce":               {"", "The provider wants tokens bound to a key (DPoP), which Authtray does not do; switch that off in the app's settings at the provider."},
	"invalid_dpop_proof":           {"", "The provider wants tokens bound to a key (DPoP), which Authtray does not do; switch that off in the app's settings at the provider."},
	"device_flow_disabled":         {"", "The provider has the device flow switched off for this app; enable it in the app's settings."},
	"token_rotation_not_enabled":   {"", "The provider has token rotation switched off for this app; enable it in the app's settings."},
	"invalid_client_id":            {field: "client_id"},
	"no_client_id":                 {field: "client_id"},
	"no_registration":              {field: "client_id"},
	"registration_refused":         {field: "client_id"},
	"no_client_secret":             {field: "client_secret"},
}

// Named puts the provider's name into a failure's sentence.
func Named(f *Failure, name string) *Failure {
	if name != "" {
		f.Detail = strings.Replace(f.Detail, "The provider", name, 1)
	}
	return f
}
