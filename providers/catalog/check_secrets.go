package catalog

import (
	"net/url"
	"slices"
	"strings"
)

// Secrets do not belong into files: not in a connection's, not in an entry's.

var secretNames = strings.Fields(`client_secret secret client_assertion password passwd passphrase access_token refresh_token id_token
	private_key api_key apikey authorization proxy_authorization cookie set_cookie x_api_key token`)

// isSecretName tells the names under which secrets are sent.
func isSecretName(name string) bool {
	return slices.Contains(secretNames, strings.ReplaceAll(strings.ToLower(name), "-", "_"))
}

// isCredentialHeader tells headers that carry credentials, by the names in use:
// Authorization, Cookie, Private-Token, X-Auth-Key.
func isCredentialHeader(name string) bool {
	if isSecretName(name) {
		return true
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' })
	return len(words) > 0 && slices.Contains([]string{"token", "secret", "key", "password", "authorization", "cookie", "credentials"}, words[len(words)-1])
}

const secretAdvice = "secrets do not belong into files; take it out and set it with: authtray secret set NAME"

// secretProblems finds secrets in an entry's headers, parameters and URLs.
func (e Entry) secretProblems() (list []problem) {
	headers := map[string]map[string]string{"client.headers": e.Client.Headers, "whoami.headers": e.Whoami.Headers, "api.headers": e.API.Headers}
	for _, path := range sortedKeys(headers) {
		for _, name := range sortedKeys(headers[path]) {
			if isCredentialHeader(name) {
				list = append(list, problem{path + "." + name, "is a credential; " + secretAdvice})
			}
			if !validHeader(name, headers[path][name]) {
				list = append(list, problem{path + "." + name, "is not a header"})
			}
		}
	}
	o := e.AuthorizeOpts
	params := map[string]map[string]string{
		"authorize_opts.params": o.Params, "authorize_opts.token_params": o.TokenParams,
		"authorize_opts.refresh_params": o.RefreshParams, "authorize_opts.switch_account": o.SwitchAccount,
	}
	for _, path := range sortedKeys(params) {
		for _, name := range sortedKeys(params[path]) {
			if isSecretName(name) && params[path][name] != "false" {
				list = append(list, problem{path + "." + name, "is a credential; " + secretAdvice})
			}
		}
	}
	return list
}

func validHeader(name, value string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`:()<>@,;\"/[]?={}`, r) }) &&
		!strings.ContainsAny(value, "\r\n\x00")
}

// secretKeys finds, in a connection's file, names that only secrets have, and
// URLs with a password in them. token is the entry's field for a URL.
func secretKeys(v any, path string) (list []problem) {
	switch t := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(t) {
			here := join(path, key)
			if s, isText := t[key].(string); isText && isSecretName(key) && s != "false" && here != "override.token" && here != "override.client.secret" && here != "override.revoke.token" {
				list = append(list, problem{here, "looks like a secret; " + secretAdvice})
				continue
			}
			list = append(list, secretKeys(t[key], here)...)
		}
	case string:
		if u, err := url.Parse(t); err == nil && u.User != nil {
			list = append(list, problem{path, "holds a user name or password in a URL; " + secretAdvice})
		}
	}
	return list
}
