package catalog

import (
	"cmp"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/text"
)

// Name is what a provider is found by.
type Name struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	Own     bool     `json:"own,omitempty"` // the entry is the user's own

	Replaces bool `json:"replaces,omitempty"` // and takes the place of one of the program's

	// What a person has to bring along.
	NeedsApp bool   `json:"needs_app,omitempty"` // Entry.NeedsApp
	Secret   string `json:"secret,omitempty"`    // the entry's client.secret: "" is required
	Server   Server `json:"server,omitempty"`    // whose server it is
}

// Server is whose server a provider's is.
type Server string

const (
	ServerTheirs Server = ""     // the provider's
	ServerEither Server = "own?" // the provider's, or one that the user names
	ServerOwn    Server = "own"  // one that the user names
)

// server reads it from where the sign-in page, or the issuer, is.
func (e Entry) server() Server {
	if e.AnyServer() && e.MCP == "" {
		return ServerOwn
	}
	for name, v := range e.Vars {
		page := cmp.Or(e.Issuer, e.Authorize)
		if host := "https://{" + name + "}"; page != "{"+name+"}" && page != host && !strings.HasPrefix(page, host+"/") {
			continue
		}
		if v.Default != "" {
			return ServerEither
		}
		return ServerOwn
	}
	return ServerTheirs
}

// Names lists all entries, sorted by id.
func (c *Catalogue) Names() []Name {
	var all []Name
	for e := range c.all() {
		all = append(all, Name{ID: e.ID, Name: e.Name, Aliases: slices.Clone(e.Aliases), Own: e.Origin != "", Replaces: e.Replaces,
			NeedsApp: e.NeedsApp(), Secret: e.Client.Secret, Server: e.server()})
	}
	return all
}

// Find returns the providers that a person may mean, the likeliest first. It
// compares each word that was typed with ids, aliases and names, in any case:
// what is it, what begins so, what holds it, and what is spelled nearly so; an id
// or alias before a word of the name. The worst word of several counts. Near
// spellings are given only where nothing fits better; near says that they are.
func Find(words string, all []Name) (found []Name, near bool) {
	typed := strings.Fields(strings.ToLower(words))
	type match struct {
		Name
		rank int
	}
	var matches []match
	best := noMatch
	for _, n := range all {
		rank := 0
		for _, w := range typed {
			rank = max(rank, n.rank(w))
		}
		if rank < noMatch {
			matches = append(matches, match{n, rank})
			best = min(best, rank)
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return a.rank - b.rank })
	for _, m := range matches {
		if m.rank < nearMatch || m.rank == best {
			found = append(found, m.Name)
		}
	}
	return found, best >= nearMatch && len(found) > 0
}

// Ranks of a match; one more where it is with a word of the name.
const (
	nearMatch = 6 // and 2 more for each letter beyond the first
	noMatch   = 10
)

// rank is how well one word fits; see Find.
func (n Name) rank(word string) int {
	rank := noMatch
	for i, terms := range [][]string{append([]string{n.ID}, n.Aliases...), strings.Fields(strings.ToLower(n.Name))} {
		for _, t := range terms {
			switch {
			case t == word:
				rank = min(rank, i)
			case strings.HasPrefix(t, word):
				rank = min(rank, 2+i)
			case strings.Contains(t, word):
				rank = min(rank, 4+i)
			case len(word) > 3:
				if d := misspelled(t, word); d <= min(2, 1+len(word)/6) {
					rank = min(rank, nearMatch+2*(d-1)+i)
				}
			}
		}
	}
	return rank
}

// misspelled is text.Distance, but two letters the wrong way round are one mistake.
func misspelled(a, b string) int {
	if len(a) == len(b) {
		for i := 0; i+1 < len(a); i++ {
			if a[i] != b[i] && a[:i]+a[i+1:i+2]+a[i:i+1]+a[i+2:] == b {
				return 1
			}
		}
	}
	return text.Distance(a, b)
}

// Exact returns the one provider whose id, alias or name the word is, in any case;
// an id before an alias, and that before a name.
func Exact(word string, all []Name) (Name, bool) {
	word = strings.TrimSpace(word)
	for _, is := range []func(Name) bool{
		func(n Name) bool { return strings.EqualFold(n.ID, word) },
		func(n Name) bool { return slices.Contains(n.Aliases, strings.ToLower(word)) },
		func(n Name) bool { return strings.EqualFold(n.Name, word) },
	} {
		if i := slices.IndexFunc(all, is); i >= 0 {
			return all[i], true
		}
	}
	return Name{}, false
}

// Why ForHost cannot guess. Shown to people, so each says what to write.
var (
	errHostForm  = errors.New("write a host or its URL, such as git.example.org or https://git.example.org")
	errHostASCII = errors.New("write the host in its ASCII form, which begins with xn--")
	errHostUser  = errors.New("leave the user name and password out of the URL")
)

// ForHost guesses which provider a host or URL belongs to, from the entries alone:
// nothing is asked. Each guess is the start of a connection: its provider, the
// template variables that the host fills, and the URL where it is an MCP server's.
// The likeliest comes first, and an entry more special than another before it;
// none where the host tells nothing. The error says what is wrong with raw.
//
//	a page that an entry names                                     acme.atlassian.net/wiki
//	a host that an entry names                                     api.github.com, gitlab.com, mcp.sentry.dev, acme.slack.com
//	a host that a template makes                                   acme.ghe.com, example.okta.com
//	a label or path that is its id, an alias, or what it extends   gitlab.example.org, codeberg.org, example.org/gitlab
//	a host called git…                                             the entries of Git servers
func (c *Catalogue) ForHost(raw string) ([]Connection, error) {
	u, err := hostURL(raw)
	if err != nil {
		return nil, err
	}
	for _, guess := range []func(Entry, *url.URL) (Connection, bool){byPage, byName, byTemplate, byLabel, byKind} {
		var found []Connection
		for e := range c.all() {
			if e.ID != "practice" {
				if conn, ok := guess(*e, u); ok {
					conn.Provider = e.ID
					found = append(found, conn)
				}
			}
		}
		if len(found) > 0 {
			slices.SortStableFunc(found, func(a, b Connection) int { return c.special(a) - c.special(b) })
			return found, nil
		}
	}
	if strings.HasPrefix(u.Host, "mcp.") || strings.HasSuffix(u.Path, "/mcp") {
		return []Connection{{Provider: "mcp", MCP: "https://" + u.Host + u.Path}}, nil
	}
	return nil, nil
}

// special orders guesses: of github and its presets, which share hosts, github is
// meant; and what a person can set up without a secret comes before what needs an
// administrator's.
func (c *Catalogue) special(conn Connection) int {
	switch e, _ := c.entry(conn.Provider); {
	case e.Extends != "":
		return 2
	case cmp.Or(e.Client.Secret, "required") == "required":
		return 1
	}
	return 0
}

// hostURL reads a host or URL as people write them, and gives it in lower case,
// without a dot at its end and without the port of https.
func hostURL(raw string) (*url.URL, error) {
	raw = strings.TrimSpace(raw)
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errHostForm
	case u.User != nil:
		return nil, errHostUser
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' }):
		return nil, errHostASCII
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != "443" {
		host += ":" + port
	}
	if !patterns["hostname"]().MatchString(host) {
		return nil, errHostForm
	}
	return &url.URL{Scheme: u.Scheme, Host: host, Path: strings.TrimRight(u.Path, "/")}, nil
}

// namedHosts are the hosts that stand in an entry, as they apply without any
// value but the defaults.
func (e Entry) namedHosts() []string {
	values := map[string]string{}
	for name, v := range e.Vars {
		if v.Default != "" {
			values[name] = v.Default
		}
	}
	f := e.fill(values)
	hosts := slices.Concat(f.API.Git, f.API.Hosts)
	for _, raw := range []string{f.API.Base, f.Authorize, f.Issuer, f.MCP, f.Links.Register} {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			hosts = append(hosts, u.Host)
		}
	}
	return slices.DeleteFunc(hosts, func(h string) bool { return strings.Contains(h, "{") })
}

func byName(e Entry, u *url.URL) (Connection, bool) {
	if HostAllowed(e.namedHosts(), &url.URL{Scheme: "https", Host: u.Host}) {
		return Connection{}, true
	}
	return e.onSite(u, func(path string) bool { return path == "" })
}

// byPage fits the sites of entries that share a host, and are told apart by the path.
func byPage(e Entry, u *url.URL) (Connection, bool) {
	return e.onSite(u, func(path string) bool { return path != "" && strings.HasPrefix(u.Path+"/", "/"+path+"/") })
}

// onSite fits a page on one of the entry's sites whose path will do. Where the entry
// asks which of several sites of the account is meant, it is this one.
func (e Entry) onSite(u *url.URL, fits func(path string) bool) (Connection, bool) {
	for _, site := range e.Sites {
		host, path, _ := strings.Cut(site, "/")
		if !fits(path) || !HostAllowed([]string{host}, &url.URL{Scheme: "https", Host: u.Host}) {
			continue
		}
		if v, ok := e.Vars[e.Tenants.Var]; ok && v.pattern() == "hostname" {
			return Connection{Vars: map[string]string{e.Tenants.Var: u.Host}}, true
		}
		return Connection{}, true
	}
	return Connection{}, false
}

// byTemplate fits hosts such as {subdomain}.ghe.com.
func byTemplate(e Entry, u *url.URL) (Connection, bool) {
	for _, host := range slices.Concat(e.API.Git, e.API.Hosts) {
		name := Placeholder().FindString(host)
		before, after, _ := strings.Cut(host, name)
		if name == "" || before+after == "" {
			continue
		}
		form := regexp.MustCompile(`^` + regexp.QuoteMeta(before) + `([a-z0-9-]+)` + regexp.QuoteMeta(after) + `$`)
		v, declared := e.Vars[strings.Trim(name, "{}")]
		if m := form.FindStringSubmatch(u.Host); m != nil && declared && v.Takes(m[1]) {
			return Connection{Vars: map[string]string{strings.Trim(name, "{}"): m[1]}}, true
		}
	}
	return Connection{}, false
}

// hostVar is the variable that holds the host of a server that anyone may run;
// "" where there is none.
func (e Entry) hostVar() string {
	for _, raw := range []string{e.Token, e.Authorize, e.Issuer} {
		for name, v := range e.Vars {
			if p := v.pattern(); (p == "hostname" || p == "hostpath") && strings.HasPrefix(raw, "https://{"+name+"}/") {
				return name
			}
		}
	}
	return ""
}

// byLabel fits gitlab.example.org, codeberg.org and example.org/gitlab.
func byLabel(e Entry, u *url.URL) (Connection, bool) {
	name := e.hostVar()
	if name == "" {
		return Connection{}, false
	}
	is := func(word string) bool { return word == e.ID || word == e.Extends || slices.Contains(e.Aliases, word) }
	if slices.ContainsFunc(strings.Split(strings.Split(u.Host, ":")[0], "."), is) {
		return Connection{Vars: map[string]string{name: u.Host}}, true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if value := u.Host + "/" + first; e.Vars[name].pattern() == "hostpath" && is(strings.ToLower(first)) && e.Vars[name].Takes(value) {
		return Connection{Vars: map[string]string{name: value}}, true
	}
	return Connection{}, false
}

// byKind fits git.example.org with every Git server that anyone may run.
func byKind(e Entry, u *url.URL) (Connection, bool) {
	name := e.hostVar()
	if name == "" || !strings.HasPrefix(u.Host, "git") || !slices.Contains(e.API.Git, "{"+name+"}") {
		return Connection{}, false
	}
	return Connection{Vars: map[string]string{name: u.Host}}, true
}
