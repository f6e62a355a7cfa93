package catalog

import (
	"cmp"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/text"
)

const (
	hostForm = `([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?`
	slugForm = `[A-Za-z0-9_-][A-Za-z0-9._-]*`
)

// patterns are what a template variable's value may look like. None lets a
// value carry a scheme, user information, a query, or a path where none belongs.
var patterns = map[string]func() *regexp.Regexp{
	"hostname": text.Pattern(`^` + hostForm + `$`),
	"hostpath": text.Pattern(`^` + hostForm + `(/` + slugForm + `)*$`),
	"slug":     text.Pattern(`^` + slugForm + `$`),
	"path":     text.Pattern(`^` + slugForm + `(/` + slugForm + `)*$`),
	"port":     text.Pattern(`^[1-9][0-9]{0,4}$`),
	"url":      text.Pattern(`^https?://[^\s{}"<>]+$`),
}

// IsSlug reports whether s is a single path segment of letters, digits, dots,
// dashes and underscores.
func IsSlug(s string) bool { return patterns["slug"]().MatchString(s) }

// samples stand in for variables without a default when an entry is checked.
var samples = map[string]string{
	"hostname": "host.example", "hostpath": "host.example/path", "slug": "slug", "path": "path", "port": "8443", "url": "https://issuer.example/path",
}

func (v Var) pattern() string { return cmp.Or(v.Pattern, "slug") }

func (v Var) isHost() bool { return v.Pattern == "hostname" || v.Pattern == "hostpath" }

// hostOf is the host, without a port, of the value of a variable that is a host.
func hostOf(value string) string {
	host, _, _ := strings.Cut(value, "/")
	return (&url.URL{Host: host}).Hostname()
}

// Takes reports whether the variable can have a value.
func (v Var) Takes(value string) bool { return v.problem(value) == "" }

// FromURL is what a variable that is a host wants of a URL that was pasted for it:
// its host, and of one that may be under a path the path too. Other values, and
// those of other variables, stay as they are.
func (v Var) FromURL(pasted string) string {
	if !v.isHost() {
		return pasted
	}
	s := pasted
	if _, after, isURL := strings.Cut(s, "://"); isURL {
		s = after
	}
	s, _, _ = strings.Cut(s, "?")
	s, _, _ = strings.Cut(s, "#")
	if v.Pattern == "hostname" {
		s, _, _ = strings.Cut(s, "/")
	}
	return strings.TrimRight(s, "/")
}

// tidy writes a host as issuers and certificates do: in lower case, and without a
// dot at its end.
func (v Var) tidy(value string) string {
	if p := v.pattern(); p != "hostname" && p != "hostpath" {
		return value
	}
	host, path, hasPath := strings.Cut(value, "/")
	name, port, hasPort := strings.Cut(host, ":")
	if name = strings.TrimSuffix(name, "."); name != "" && !strings.HasPrefix(host, "[") {
		host = name
		if hasPort {
			host += ":" + port
		}
	}
	host = strings.ToLower(host)
	if hasPath {
		host += "/" + path
	}
	return host
}

// problem says why a variable cannot have a value; "" if it can. It does not
// repeat the value.
func (v Var) problem(value string) string {
	if len(v.Choices) > 0 && !slices.Contains(v.Choices, value) {
		return "must be one of " + strings.Join(v.Choices, ", ")
	}
	return valueProblem(v.pattern(), value)
}

// valueProblem says why a value does not fit a pattern; "" if it does. It does
// not repeat the value.
func valueProblem(pattern, value string) string {
	switch {
	case strings.HasPrefix(pattern, "host") && !isASCII(value), pattern == "url" && !isASCII(urlHost(value)):
		return "must be in its ASCII form, which begins with xn--"
	case pattern == "hostpath" && !patterns[pattern]().MatchString(value):
		return "is not a host, such as git.example.org or example.org/git (without https://)"
	case pattern != "url":
		if !patterns[pattern]().MatchString(value) {
			return "is not a " + pattern
		}
		return ""
	case !strings.HasPrefix(value, "https://") && !strings.HasPrefix(value, "http://"):
		return "must begin with https://"
	case urlProblem(value) != "":
		return urlProblem(value)
	case !patterns[pattern]().MatchString(value):
		return "is not a URL"
	}
	return ""
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' }) }

// urlHost is the host of a URL; "" where there is none.
func urlHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// values gives each variable of the entry, as it applies to a connection, the
// connection's value or its default. One that no field uses needs none: an
// override may have taken the place of all of them. before is the entry without
// the override.
func (e Entry) values(given map[string]string, before Entry) (map[string]string, error) {
	for _, name := range sortedKeys(given) {
		if _, ok := e.Vars[name]; !ok {
			what := "the entry " + e.ID + " has no such variable"
			if hasField(reflect.TypeFor[Connection](), name) {
				what += "; the connection's own " + name + " stands above the first [table] of the file"
			}
			return nil, problem{"vars." + name, what}
		}
	}
	values := make(map[string]string, len(e.Vars))
	for _, name := range sortedKeys(e.Vars) {
		v := e.Vars[name]
		values[name] = v.tidy(cmp.Or(given[name], v.Default))
		switch {
		case values[name] == "" && len(e.fieldsWith(name)) == 0:
			delete(values, name)
		case values[name] == "":
			return nil, problem{"vars." + name, "is missing: " + cmp.Or(v.Label, "a "+v.pattern()) + "; give it with " + e.flagOf(name) + e.left(name, before)}
		case !v.Takes(values[name]):
			return nil, problem{"vars." + name, v.problem(values[name])}
		}
	}
	return values, nil
}

// flagOf is how a command line gives a variable.
func (e Entry) flagOf(name string) string {
	if name == e.IssuerVar() {
		return "--issuer URL"
	}
	return "--set vars." + name + "=…"
}

// left names the fields that still need a variable where an override gives some
// of those that do.
func (e Entry) left(name string, before Entry) string {
	left := e.fieldsWith(name)
	if len(left) >= len(before.fieldsWith(name)) {
		return ""
	}
	return ", or override what needs it too: " + strings.Join(left, ", ")
}

// VarsFor returns the variables that a connection with an override has to fill in,
// or may: those that a field of the entry still uses with the override laid over
// it. An override that cannot be laid over it counts as none.
func (e Entry) VarsFor(override map[string]any) map[string]Var {
	laid := e.Clone()
	if overlay(&laid, override) != nil {
		laid = e.Clone()
	}
	for name := range laid.Vars {
		if len(laid.fieldsWith(name)) == 0 {
			delete(laid.Vars, name)
		}
	}
	return laid.Vars
}

// fieldsWith lists the fields in which a variable is used: in braces, or as the one
// that chooses a tenant.
func (e Entry) fieldsWith(name string) (paths []string) {
	c := e.Clone()
	eachString(&c, func(path, s string) string {
		if isTemplated(path) && strings.Contains(s, "{"+name+"}") || path == "tenants.var" && s == name {
			paths = append(paths, path)
		}
		return s
	})
	slices.Sort(paths)
	return slices.Compact(paths)
}

// sampleValues are values with which an entry can be checked as a whole.
func (e Entry) sampleValues() map[string]string {
	values := make(map[string]string, len(e.Vars))
	for name, v := range e.Vars {
		values[name] = cmp.Or(v.Default, samples[v.pattern()])
	}
	return values
}

// fill replaces the entry's variables by values. Placeholders that are filled at
// run time ({access_token}, kept members) stay. A host name that is this machine
// is spoken to over http, as a server in a container listens; one with a
// certificate needs its URLs under [override].
func (e Entry) fill(values map[string]string) Entry {
	e = e.Clone()
	var pairs []string
	for name, value := range values {
		if v := e.Vars[name]; v.isHost() && IsLoopbackHost(hostOf(value)) {
			pairs = append(pairs, "https://{"+name+"}", "http://"+value)
		}
		pairs = append(pairs, "{"+name+"}", value)
	}
	r := strings.NewReplacer(pairs...)
	eachString(&e, func(path, s string) string {
		if !isTemplated(path) {
			return s
		}
		s = r.Replace(s)
		if path == "api.hosts" { // of a server under a path
			s, _, _ = strings.Cut(s, "/")
		}
		return s
	})
	return e
}

// isTemplated: text for people and the whoami body (GraphQL has braces) are
// taken as they are.
func isTemplated(path string) bool {
	switch head, _, _ := strings.Cut(path, "."); head {
	case "", "name", "notes", "unverified", "sources", "vars", "extends", "id", "aliases", "sites", "cost", "steps", "scope_sets", "verified_on":
		return false
	}
	return path != "whoami.body"
}

// templateProblems finds placeholders that nothing will fill.
func (e Entry) templateProblems() (list []problem) {
	known := map[string]bool{"access_token": true, "refresh_token": true, "client_id": true}
	for _, name := range e.Kept() {
		known[name] = true
	}
	for name := range e.Vars {
		known[name] = true
	}
	c := e.Clone()
	eachString(&c, func(path, s string) string {
		for _, name := range Placeholder().FindAllString(s, -1) {
			if isTemplated(path) && !known[strings.Trim(name, "{}")] && !e.takesRedirectURI(path, s) {
				list = append(list, problem{path, "uses " + name + ", which is neither declared under [vars] nor kept from the answer"})
			}
		}
		return s
	})
	return list
}

// takesRedirectURI reports whether a value is RedirectURIParam in its place, where
// the URI is the same for each sign-in.
func (e Entry) takesRedirectURI(path, value string) bool {
	rule := e.RedirectRule()
	return value == RedirectURIParam && strings.HasPrefix(path, "authorize_opts.refresh_params.") && (rule.Port != 0 || rule.Paste)
}

// eachString visits every string of an entry with its path and puts back what
// visit returns.
func eachString(e *Entry, visit func(path, s string) string) {
	visitStrings(reflect.ValueOf(e).Elem(), "", visit)
}

func visitStrings(v reflect.Value, path string, visit func(path, s string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(visit(path, v.String()))
	case reflect.Slice:
		for i := range v.Len() {
			visitStrings(v.Index(i), path, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			visitStrings(v.Field(i), join(path, tomlKey(v.Type().Field(i))), visit)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			elem := reflect.New(v.Type().Elem()).Elem()
			elem.Set(v.MapIndex(key))
			visitStrings(elem, join(path, key.String()), visit)
			v.SetMapIndex(key, elem)
		}
	}
}

// urlProblem says why a URL cannot be spoken to; "" if it can.
func urlProblem(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "is not a URL"
	case u.User != nil:
		return "must not hold a user name or password"
	case u.Fragment != "":
		return "must not hold a fragment"
	case !Speakable(u):
		return "must be https, or http to this machine (localhost, 127.0.0.1 or [::1])"
	}
	return ""
}
