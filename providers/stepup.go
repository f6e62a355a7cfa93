package providers

import (
	"net/http"
	"strings"
)

// MissingScopes reads an API's refusal for want of scopes: a 403 whose Bearer
// challenge names what the request needs (RFC 6750 §3.1, insufficient_scope).
// Some servers leave out the error and name the scopes only. What it returns are
// scopes by their grammar, safe to show; none with true: the API does not say
// which.
func MissingScopes(resp *http.Response) (scopes []string, missing bool) {
	if resp.StatusCode != http.StatusForbidden {
		return nil, false
	}
	said := challenges(resp.Header)
	if code := said["error"]; code != "" && code != "insufficient_scope" {
		return nil, false
	}
	for _, s := range splitScopes(said["scope"]) {
		if !isBadScope(s) {
			scopes = append(scopes, s)
		}
	}
	return scopes, len(scopes) > 0 || said["error"] != ""
}

// challenges are the parameters of all Bearer challenges that matter here, the
// first of each name.
func challenges(h http.Header) map[string]string {
	said := map[string]string{}
	for _, value := range h.Values("WWW-Authenticate") {
		for _, m := range challengeParam.FindAllStringSubmatch(value, -1) {
			if name := strings.ToLower(m[1]); said[name] == "" {
				said[name] = strings.Trim(m[2], `"`)
			}
		}
	}
	return said
}
