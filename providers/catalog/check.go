package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/name"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

// enum is a field that holds one of a few words; the empty one is always allowed
// and means the default.
type enum struct {
	path  string
	value string
	words string
}

func (e Entry) enums() []enum {
	return []enum{
		{"issuer_match", e.IssuerMatch, "exact template"},
		{"client.auth", e.Client.Auth, "none post basic basic_empty"},
		{"client.secret", e.Client.Secret, "none optional web_only required"},
		{"client.body", e.Client.Body, "form json"},
		{"authorize_opts.pkce", e.AuthorizeOpts.PKCE, "S256 off"},
		{"redirect.host", e.Redirect.Host, "127.0.0.1 localhost any https_only"},
		{"tokens.expires_unit", e.Tokens.ExpiresUnit, "s ms"},
		{"whoami.method", e.Whoami.Method, "GET POST"},
		{"revoke.style", e.Revoke.Style, "rfc7009 bearer_post delete github_app none"},
		{"revoke.token", e.Revoke.Token, "refresh access both"},
		{"revoke.auth", e.Revoke.Auth, "client none bearer"},
	}
}

// check finds what is wrong with an entry. It is checked with sample values for
// its variables, or when they have been filled in.
func (e Entry) check() []problem {
	list := slices.Concat(e.identityProblems(), e.varProblems(), e.enumProblems(), e.templateProblems())
	if len(list) > 0 {
		return list
	}
	return slices.Concat(e.urlProblems(), e.ruleProblems(), e.otherProblems(), e.secretProblems())
}

func (e Entry) identityProblems() (list []problem) {
	if !name.Valid(e.ID) {
		list = append(list, problem{"id", "must be " + name.Rule})
	}
	if e.Name == "" {
		list = append(list, problem{"name", "is missing; give the provider's name for people"})
	}
	if e.MCP != "" && !e.HasQuirk("mcp_bootstrap") {
		list = append(list, problem{"mcp", "is for entries that extend mcp"})
	}
	if e.Token == "" && e.Issuer == "" && !e.HasQuirk("mcp_bootstrap") {
		list = append(list, problem{"token", "is missing; give the token URL, or an issuer to discover it from"})
	}
	return list
}

var (
	envName   = text.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
	loginName = text.Pattern(`^[!-9;-~]*$`) // printable, without blanks and the colon of RFC 7617
)

var varName = text.Pattern(`^[a-z][a-z0-9_]*$`)

func (e Entry) varProblems() (list []problem) {
	for _, name := range sortedKeys(e.Vars) {
		v, path := e.Vars[name], "vars."+name
		switch {
		case !varName().MatchString(name):
			list = append(list, problem{path, "a variable's name is lower case letters, digits and underscores"})
		case patterns[v.pattern()] == nil:
			list = append(list, problem{path + ".pattern", "must be one of " + strings.Join(sortedKeys(patterns), ", ")})
		case v.Default != "" && !v.Takes(v.Default):
			list = append(list, problem{path + ".default", v.problem(v.Default)})
		case slices.ContainsFunc(v.Choices, func(c string) bool { return valueProblem(v.pattern(), c) != "" }):
			list = append(list, problem{path + ".choices", "must each be a " + v.pattern()})
		}
	}
	return list
}

func (e Entry) enumProblems() (list []problem) {
	for _, f := range e.enums() {
		if words := strings.Fields(f.words); f.value != "" && !slices.Contains(words, f.value) {
			list = append(list, problem{f.path, "must be one of " + strings.Join(words, ", ")})
		}
	}
	if sep := e.AuthorizeOpts.ScopeSep; sep != "" && sep != " " && sep != "," {
		list = append(list, problem{"authorize_opts.scope_sep", `must be " " or ","`})
	}
	return list
}

// urls are the fields that are spoken to, or opened in a browser.
func (e Entry) urls() map[string]string {
	return map[string]string{
		"issuer": e.Issuer, "authorize": e.Authorize, "token": e.Token, "refresh": e.Refresh, "device": e.Device,
		"registration": e.Registration, "par": e.PAR, "mcp": e.MCP, "redirect.url": e.Redirect.URL, "whoami.url": e.Whoami.URL,
		"revoke.url": e.Revoke.URL, "tenants.url": e.Tenants.URL, "api.base": e.API.Base,
		"links.user_revoke": e.Links.UserRevoke, "links.register": e.Links.Register, "links.docs": e.Links.Docs,
	}
}

func (e Entry) urlProblems() (list []problem) {
	urls := e.fill(e.sampleValues()).urls()
	for _, path := range sortedKeys(urls) {
		raw := urls[path]
		if name := Placeholder().FindString(raw); name != "" && strings.HasPrefix(raw, name) {
			raw = "https://kept.example" + strings.TrimPrefix(raw, name)
		}
		if raw = Placeholder().ReplaceAllString(raw, "x"); raw == "" {
			continue
		}
		if text := urlProblem(raw); text != "" {
			list = append(list, problem{path, text})
		}
	}
	return list
}

func (e Entry) ruleProblems() (list []problem) {
	lists := map[string][]string{
		"errors.reconnect": e.Errors.Reconnect, "errors.transient": e.Errors.Transient, "errors.misconfig": e.Errors.Misconfig,
		"whoami.dead": e.Whoami.Dead, "api.dead": e.API.Dead,
	}
	for _, r := range e.Errors.Refused {
		lists["errors.refused"] = append(lists["errors.refused"], r.Rule)
		if r.Refuses == "" {
			list = append(list, problem{"errors.refused", "must say what is refused (refuses = \"renewals from this network\")"})
		}
	}
	for _, path := range sortedKeys(lists) {
		for _, s := range lists[path] {
			if err := refusal.CheckRule(s); err != nil {
				list = append(list, problem{path, err.Error()})
			}
		}
	}
	return list
}

func (e Entry) otherProblems() (list []problem) {
	for _, name := range e.Quirks {
		if Quirks[name] == "" {
			list = append(list, problem{"quirks", fmt.Sprintf("there is no quirk %q; there are %s", name, strings.Join(sortedKeys(Quirks), ", "))})
		}
	}
	if !isPortRule(e.Redirect.Port) {
		list = append(list, problem{"redirect.port", "must be any, fixed, exact or a port number"})
	}
	if p := e.Redirect.Path; p != "" && (p[0] != '/' || strings.ContainsAny(p, "?# ")) {
		list = append(list, problem{"redirect.path", "must begin with / and hold no query"})
	}
	if e.API.Env != "" && !envName().MatchString(e.API.Env) {
		list = append(list, problem{"api.env", "must be the name of an environment variable"})
	}
	if !loginName().MatchString(e.API.User) {
		list = append(list, problem{"api.user", "must be a user name without blanks and colons"})
	}
	if (e.Redirect.Host == "https_only") != (e.Redirect.URL != "") {
		list = append(list, problem{"redirect.url", "is needed with redirect.host = \"https_only\", and only there"})
	}
	list = append(list, e.tenantProblems()...)
	durations := map[string]string{"tokens.refresh_absolute": e.Tokens.RefreshAbsolute, "tokens.refresh_idle": e.Tokens.RefreshIdle, "tokens.grace": e.Tokens.Grace}
	for _, path := range sortedKeys(durations) {
		if _, err := parseDuration(durations[path]); err != nil {
			list = append(list, problem{path, err.Error()})
		}
	}
	return slices.Concat(list, e.pathProblems(), e.guideProblems())
}

// tenantProblems: the rules have to be there together, or not at all.
func (e Entry) tenantProblems() (list []problem) {
	t := e.Tenants
	if (t.URL == "") != (len(t.Keep) == 0) {
		list = append(list, problem{"tenants", "needs both a url and what is kept of the answer (keep)"})
	}
	if _, ok := e.Vars[t.Var]; t.Var != "" && (!ok || t.By == "") {
		list = append(list, problem{"tenants.var", "must be declared under [vars], and by must say what it is compared with"})
	}
	if from := e.Tokens.HostFrom; (from == "") != (len(e.Tokens.Hosts) == 0) || from != "" && !slices.Contains(e.Kept(), from) {
		list = append(list, problem{"tokens.host_from", "must be a kept member or parameter, and tokens.hosts must say which hosts it may name"})
	}
	if slices.ContainsFunc(e.Tokens.Hosts, func(h string) bool { return !patterns["hostname"]().MatchString(h) }) && e.Tokens.HostFrom != "" {
		list = append(list, problem{"tokens.hosts", "must be host names"})
	}
	for _, path := range sortedKeys(e.API.Headers) {
		if strings.Contains(e.API.Headers[path], "{access_token}") || strings.Contains(e.API.Headers[path], "{refresh_token}") {
			list = append(list, problem{"api.headers." + path, "must not hold a token; it is sent as Authorization"})
		}
	}
	return list
}

// pathProblems: what is called unverified, and what has a source, must be fields,
// or steps by their number.
func (e Entry) pathProblems() (list []problem) {
	for _, path := range e.Unverified {
		if !e.hasFact(path) {
			list = append(list, problem{"unverified", fmt.Sprintf("%q is not a field of an entry, nor the number of a step (steps.1)", path)})
		}
	}
	for _, path := range sortedKeys(e.Sources) {
		if !e.hasFact(path) {
			list = append(list, problem{"sources." + path, "is not a field of an entry, nor the number of a step (steps.1)"})
		}
	}
	return list
}

// hasFact reports whether a path names a field of an entry, or one of its steps.
func (e Entry) hasFact(path string) bool {
	if number, ok := strings.CutPrefix(path, "steps."); ok {
		n, err := strconv.Atoi(number)
		return err == nil && n > 0 && n <= len(e.Steps) && strconv.Itoa(n) == number
	}
	return hasField(reflect.TypeFor[Entry](), path)
}

func isPortRule(s string) bool {
	if slices.Contains([]string{"", "any", "fixed", "exact"}, s) {
		return true
	}
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n < 65536
}

// Span reads a duration of an entry that has been checked; what it would refuse is 0.
func Span(s string) time.Duration {
	d, _ := parseDuration(s)
	return d
}

// parseDuration reads a Go duration or a number of days ("180d"); "" is 0.
func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < 0 || d > MaxLifetime {
		return 0, fmt.Errorf(`must be a duration such as "90m", "36h" or "180d"`)
	}
	return d, nil
}
