package cli

import (
	"context"
	"net/http"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// This file reads what people type and paste: with a label, in quotes, with capitals,
// without a scheme.

var credentialLabel = text.Pattern(`(?i)^(?:oauth2?[ _-]?)?(?:(?:client|app|application|consumer)[ _-]?)?(?:id|secret|key|password)\s*[:=]\s*`)

// credential is a client id or secret as it was pasted: without blanks around it, the
// label that stood before it, and quotes.
func credential(pasted string) string {
	s := strings.TrimSpace(pasted)
	s = strings.TrimSpace(credentialLabel().ReplaceAllString(s, ""))
	for _, quote := range []string{`"`, `'`, "`"} {
		if len(s) >= 2 && strings.HasPrefix(s, quote) && strings.HasSuffix(s, quote) {
			return strings.TrimSpace(s[1 : len(s)-1])
		}
	}
	return s
}

// pastedURL is a URL as people write it: a scheme may be missing.
func pastedURL(s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || strings.Contains(s, "://") || strings.HasPrefix(s, "/"), strings.HasPrefix("https://", s), strings.HasPrefix("http://", s): // the last two are being typed
		return s
	case catalog.IsLoopbackHost(hostOf(s)):
		return "http://" + s
	}
	return "https://" + s
}

// hostOf is the host of a text that begins with one.
func hostOf(s string) string {
	host, _, _ := strings.Cut(s, "/")
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}

// variable is the value of a template variable as it was pasted: a host name may
// come as the URL of its page.
func variable(v catalog.Var, pasted string) string {
	s := strings.TrimSpace(pasted)
	if v.Pattern == "url" {
		return pastedURL(s)
	}
	return v.FromURL(s)
}

// lowerName is the name that was meant by one with capitals or blanks; "" where
// there is none.
func lowerName(typed string) string {
	s := strings.Join(strings.Fields(strings.ToLower(typed)), "-")
	if s == typed || config.CheckName(s) != nil {
		return ""
	}
	return s
}

// providers lists the catalogue.
func (s *shell) providers(ctx context.Context, a client.Agent) ([]api.Brief, error) {
	var all struct {
		Providers []api.Brief `json:"providers"`
	}
	err := a.Do(ctx, http.MethodGet, "/v1/providers", nil, &all)
	return all.Providers, err
}

// providerID is the id of the provider that was named by its id, another name that
// it has or its name for people, in any case; what names none comes back as it is.
func providerID(all []api.Brief, typed string) string {
	if one, ok := catalog.Exact(typed, all); ok {
		return one.ID
	}
	return strings.TrimSpace(typed)
}
