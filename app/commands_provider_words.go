package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/providers"
)

// This file is what `authtray providers ID` says of each part of an entry: what
// a person does, in the order in which they do it.

// addWord is the command that adds a connection, with everything that has to be
// said.
func addWord(p socket.Provider) string {
	words := "authtray add NAME --provider " + p.ID
	if slices.Contains(p.Quirks, "mcp_bootstrap") {
		return "authtray add NAME --mcp URL"
	}
	if p.Client.ID == "" {
		words += " --client-id ID"
	}
	for _, name := range sortedKeys(p.VarsFor(nil)) {
		switch {
		case p.Vars[name].Default != "":
		case name == p.IssuerVar():
			words += " --issuer URL"
		default:
			words += " --set vars." + name + "=…"
		}
	}
	return words
}

// varFlag is how a variable is given.
func varFlag(p socket.Provider, name string) string {
	if name == p.IssuerVar() {
		return "--issuer"
	}
	return "--set vars." + name
}

// redirectWord is the redirect URI to register, and whether it has to be that one.
func redirectWord(p socket.Provider) string {
	switch {
	case p.RedirectURI == "":
		return ""
	case p.Redirect.Host == "https_only":
		return p.RedirectURI + "  (what it ends on is pasted: authtray connect NAME --paste)"
	case p.Redirect.Port == "" || p.Redirect.Port == "any":
		return p.RedirectURI + "  (as it stands: any port is taken)"
	}
	return p.RedirectURI + "  (exactly; for another port: --set redirect.port=N)"
}

var secretWords = map[string]string{
	"":         "needed: authtray secret set NAME",
	"required": "needed: authtray secret set NAME",
	"optional": "only if the app has one: authtray secret set NAME",
	"web_only": "needed in the browser, not with --device: authtray secret set NAME",
	"none":     "none",
}

func clientWord(e providers.Entry) string {
	switch {
	case e.Client.ID != "":
		return e.Client.ID + " (everyone's), or your own: --client-id"
	case e.Registration != "" || slices.Contains(e.Quirks, "mcp_bootstrap"):
		return "registered by itself, where the issuer does that; or your own: --client-id"
	case discovered(e):
		return "of the app that you register: --client-id (left out: registered by itself, where the issuer does that)"
	}
	return "of the app that you register: --client-id"
}

// discovered: the issuer says where everything is.
func discovered(e providers.Entry) bool { return e.Issuer != "" && e.Authorize == "" }

func varWord(v providers.Var) string {
	word := v.Label
	if v.Default != "" {
		return strings.TrimSpace(word + " [" + v.Default + "]")
	}
	return strings.TrimSpace(word + " (to be given)")
}

// lifetime is how long a token is good.
func lifetime(t providers.TokenRules) string {
	if t.DefaultExpiresIn == 0 {
		return "as long as the provider says; where it says nothing, for ever"
	}
	return spanWord(time.Duration(t.DefaultExpiresIn)*time.Second) + ", where the provider does not say"
}

// grantWord is how long one can go on without signing in again.
func grantWord(t providers.TokenRules) string {
	var words []string
	if t.RefreshAbsolute != "" {
		words = append(words, "ends "+ruleSpan(t.RefreshAbsolute)+" after you signed in")
	}
	if t.RefreshIdle != "" {
		words = append(words, "ends after "+ruleSpan(t.RefreshIdle)+" without use")
	}
	if t.SingleGrant {
		words = append(words, "one for each user and app: connecting the same account again ends the one before")
	}
	return strings.Join(words, "; ")
}

// ruleSpan reads a span as entries write it: "180d", or a Go duration.
func ruleSpan(s string) string {
	if days, err := strconv.Atoi(strings.TrimSuffix(s, "d")); err == nil && strings.HasSuffix(s, "d") {
		return spanWord(time.Duration(days) * 24 * time.Hour)
	}
	if d, err := time.ParseDuration(s); err == nil {
		return spanWord(d)
	}
	return s
}

// spanWord is a span in its largest whole unit.
func spanWord(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= unit.of && d%unit.of == 0 {
			n := int(d / unit.of)
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return d.String()
}

// disconnectWord is what disconnecting does at the provider.
func disconnectWord(e providers.Entry) string {
	switch {
	case e.Revoke.Style == "github_app":
		return "gives the token back where there is a client secret, else only forgets it"
	case e.Revoke.Style == "none" || e.Revoke.URL == "" && !discovered(e) && !slices.Contains(e.Quirks, "mcp_bootstrap"):
		return "only forgets it here"
	case e.Revoke.URL == "":
		return "gives the grant back, where the issuer takes it"
	}
	return "gives the grant back"
}

func flowWord(e providers.Entry) string {
	flows := []string{"the browser"}
	if e.Redirect.Host == "https_only" {
		flows = []string{"--paste"}
	}
	switch {
	case e.Device != "":
		flows = append(flows, "--device")
	case discovered(e) || slices.Contains(e.Quirks, "mcp_bootstrap"):
		flows = append(flows, "--device where the issuer offers it")
	}
	return strings.Join(flows, ", ")
}

// filled puts the defaults of an entry's variables into a text, and a word in
// the place of the client id.
func filled(p socket.Provider, text string) string {
	for name, v := range p.Vars {
		if v.Default != "" {
			text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
		}
	}
	return strings.ReplaceAll(text, "{client_id}", "CLIENT_ID")
}
