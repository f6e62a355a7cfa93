package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
)

// scopesFirst asks for the scopes before what is done at the provider, where that is
// to tick them there.
func (i *interview) scopesFirst() error {
	if !i.p.StepsNameScopes() || !needsGuide(i.p.Entry, i.conn) {
		return nil
	}
	return i.scopes()
}

func (i *interview) scopes() error {
	if i.chosen {
		return nil
	}
	i.chosen = true
	usual := strings.Join(i.p.DefaultScopes(), " ")
	if i.conn.MCP != "" {
		usual = "" // the server says which
	}
	question := "Scopes"
	if usual == "" {
		question = "Scopes (Enter: as the provider says)"
	}
	if len(i.p.ScopeSets) > 0 {
		i.say("Type scopes, or the number of a ready choice:")
	}
	for n, set := range i.p.ScopeSets {
		i.say("%3d. %s (%s)", n+1, oneLine(set.About), oneLine(strings.Join(set.Scopes, " ")))
	}
	answer, err := i.prompt(question, usual, func(s string) (string, error) {
		s = i.scopeSet(s)
		for _, scope := range splitWords(s) {
			if catalog.IsBadScope(scope) {
				return "", fmt.Errorf("%q cannot be a scope", oneLine(scope))
			}
		}
		return s, nil
	})
	if err == nil && answer != usual {
		i.conn.Scopes = splitWords(answer)
	}
	return err
}

// scopeSet are the scopes of a ready choice that was named by its number; any other
// answer stands as it is.
func (i *interview) scopeSet(answer string) string {
	n, err := strconv.Atoi(answer)
	if err != nil || n < 1 || n > len(i.p.ScopeSets) {
		return answer
	}
	e := i.p.Entry.Clone()
	e.AuthorizeOpts.Scopes = e.ScopeSets[n-1].Scopes
	return strings.Join(e.DefaultScopes(), " ")
}
