package catalog

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Guide is what a person does at a provider, once, before a connection can sign
// in: its entry's text with everything filled in that is known.
type Guide struct {
	Register    string   // the page where an app is registered; "" where there is none
	RedirectURI string   // what to register there
	Cost        string   // what must be had first, and what it costs; "": an account, free
	Steps       []string // in order
	Scopes      []string // what will be asked for
}

// Guide fills in the entry's text for a connection, which need not be complete,
// or saved: with its [override] laid over the entry where that is possible. A
// variable that has neither a value nor a default stands as its name in capitals,
// {host} as HOST. In the steps these are filled in as well:
//
//	{redirect_uri}         what to register
//	{fixed_redirect_uri}   the same with --set redirect.port=fixed
//	{scopes}               the scopes to tick, separated by commas: those for a refresh token
//	                       alone are ticked nowhere
//	{scopes_json}          the scopes as the members of a JSON list, escaped for a URL
//	{name}                 the connection's name, or NAME
//	{client_id}            its client id, or CLIENT_ID
func (e Entry) Guide(c Connection) Guide {
	laid := e.Clone()
	if overlay(&laid, c.Override) != nil {
		laid = e.Clone()
	}
	fill := map[string]string{}
	for name, v := range laid.Vars {
		fill[name] = cmp.Or(c.Vars[name], v.Default, strings.ToUpper(name))
	}
	g := Guide{Scopes: c.Scopes, Cost: laid.Cost}
	if len(g.Scopes) == 0 {
		g.Scopes = slices.Clone(laid.AuthorizeOpts.Scopes)
	}
	g.Register = fillText(laid.Links.Register, fill)
	laid.Redirect.URL = fillText(laid.Redirect.URL, fill)
	g.RedirectURI = laid.RedirectURI()
	fill["redirect_uri"] = g.RedirectURI
	laid.Redirect.Port = "fixed"
	fill["fixed_redirect_uri"] = laid.RedirectURI()
	chosen := slices.DeleteFunc(slices.Clone(g.Scopes), func(s string) bool { return slices.Contains(laid.AuthorizeOpts.ScopesForRefresh, s) })
	fill["scopes"] = cmp.Or(strings.Join(chosen, ", "), "those that you need")
	fill["scopes_json"] = scopesJSON(chosen)
	fill["name"] = cmp.Or(c.Name, "NAME")
	fill["client_id"] = cmp.Or(c.ClientID, "CLIENT_ID")
	for _, step := range laid.Steps {
		g.Steps = append(g.Steps, fillText(step, fill))
	}
	return g
}

// StepsNameScopes reports whether what is done at the provider depends on the scopes,
// which are then to be chosen before.
func (e Entry) StepsNameScopes() bool {
	return slices.ContainsFunc(e.Steps, func(step string) bool { return strings.Contains(step, "{scopes") })
}

// scopesJSON is for links that make an app in one go (Slack's manifest).
func scopesJSON(scopes []string) string {
	var quoted []string
	for _, s := range scopes {
		quoted = append(quoted, url.QueryEscape(strconv.Quote(s)))
	}
	return strings.Join(quoted, "%2C")
}

// fillText replaces the placeholders that values names, once: what a value holds
// is not looked at again.
func fillText(text string, values map[string]string) string {
	return Placeholder().ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := values[strings.Trim(name, "{}")]; ok {
			return value
		}
		return name
	})
}

// maxScopeSets is how many ready choices a person is shown.
const maxScopeSets = 3

// guideProblems finds what is wrong with the text for people.
func (e Entry) guideProblems() (list []problem) {
	known := []string{"redirect_uri", "fixed_redirect_uri", "scopes", "scopes_json", "name", "client_id"}
	for _, step := range e.Steps {
		if strings.TrimSpace(step) == "" {
			list = append(list, problem{"steps", "must not hold an empty step"})
		}
		for _, name := range Placeholder().FindAllString(step, -1) {
			name = strings.Trim(name, "{}")
			if _, isVar := e.Vars[name]; !isVar && !slices.Contains(known, name) {
				list = append(list, problem{"steps", "uses {" + name + "}, which is neither declared under [vars] nor one of {redirect_uri}, {fixed_redirect_uri}, {scopes}, {scopes_json}, {name}, {client_id}"})
			}
		}
	}
	for _, a := range e.Aliases {
		if a == "" || a != strings.ToLower(strings.TrimSpace(a)) {
			list = append(list, problem{"aliases", "must be words in lower case"})
		}
	}
	for _, s := range e.Sites {
		if host, _, _ := strings.Cut(s, "/"); s != strings.ToLower(s) || !patterns["hostname"]().MatchString(strings.TrimPrefix(host, "*.")) {
			list = append(list, problem{"sites", "must be hosts in lower case, *.example.org among them, with a path or without"})
		}
	}
	if e.VerifiedOn != "" {
		if _, err := time.Parse(time.DateOnly, e.VerifiedOn); err != nil {
			list = append(list, problem{"verified_on", "must be a day, such as 2026-11-28"})
		}
	}
	return append(list, e.scopeSetProblems()...)
}

func (e Entry) scopeSetProblems() (list []problem) {
	if len(e.ScopeSets) > maxScopeSets {
		list = append(list, problem{"scope_sets", fmt.Sprintf("must be at most %d", maxScopeSets)})
	}
	names := map[string]bool{}
	for _, s := range e.ScopeSets {
		switch {
		case !IsSlug(s.Name) || names[s.Name]:
			list = append(list, problem{"scope_sets.name", "must be a word, and another for each set"})
		case s.About == "" || len(s.Scopes) == 0 || slices.ContainsFunc(s.Scopes, IsBadScope):
			list = append(list, problem{"scope_sets", "the set " + s.Name + " must say what it opens (about) and hold scopes, each without spaces"})
		}
		names[s.Name] = true
	}
	return list
}
