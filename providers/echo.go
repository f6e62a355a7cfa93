package providers

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/refusal"
)

// Providers repeat what they were sent: "the token 1//0g… is not known". A code
// is safe to show only if it holds nothing of the secrets that the request told.

// harmless are the parameters of our requests that are no secrets: a code may
// well repeat them ("bad_refresh_token").
var harmless = strings.Fields(`grant_type client_id redirect_uri response_type scope scopes user_scope resource audience token_type_hint
	code_challenge code_challenge_method requested_token_type`)

// sentSecrets is everything secret that a request tells: its credentials, the
// values of its body, and the path and query of its URL, where some providers
// want tokens.
func sentSecrets(req *http.Request) (values []string) {
	if _, secret, ok := req.BasicAuth(); ok {
		plain, _ := url.QueryUnescape(secret)
		values = append(values, secret, plain)
	} else if _, bearer, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok {
		values = append(values, bearer)
	}
	for name, list := range sentForm(req) {
		if !slices.Contains(harmless, name) {
			values = append(values, list...)
		}
	}
	for segment := range strings.SplitSeq(req.URL.Path, "/") {
		if len(segment) >= 2*echoLength { // longer than a word of an address
			values = append(values, segment)
		}
	}
	return values
}

// sentForm is the members of a request's body, form or JSON, and its query.
func sentForm(req *http.Request) url.Values {
	form := req.URL.Query()
	if req.GetBody == nil {
		return form
	}
	body, err := req.GetBody()
	if err != nil {
		return form
	}
	raw, _ := io.ReadAll(body) // from memory
	if members, ok := refusal.ParseJSON(raw).(map[string]any); ok {
		for name, v := range members {
			form.Add(name, refusal.Text(v))
		}
		return form
	}
	sent, _ := url.ParseQuery(string(raw)) // we wrote it
	for name, list := range sent {
		form[name] = append(form[name], list...)
	}
	return form
}

// echoLength is how much of a secret, in characters, is too much to show.
const echoLength = 8

// echoes says whether a code, which went through SafeCode, holds a piece of one
// of these values.
func echoes(code string, sent []string) bool {
	for _, v := range sent {
		v = refusal.SafeText(v)
		for i := 0; i+echoLength <= len(v); i++ {
			if strings.Contains(code, v[i:i+echoLength]) {
				return true
			}
		}
	}
	return false
}
