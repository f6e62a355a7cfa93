package catalog

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write VERIFIED.md anew")

// Every entry of the program is complete for a person who meets it first.
func TestEachEntryOfTheProgramIsWhole(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		t.Run(e.ID, func(t *testing.T) {
			for what, missing := range map[string]bool{
				"steps":                            len(e.Steps) < 2,
				"aliases":                          len(e.Aliases) == 0,
				"notes":                            strings.TrimSpace(e.Notes) == "",
				"verified_on":                      e.VerifiedOn == "",
				"sources":                          len(e.Sources) == 0 && e.ID != "practice",
				"a source for its endpoints":       !sourced(e, "token") && !sourced(e, "issuer") && !sourced(e, "quirks") && e.ID != "practice",
				"a source for its error rule":      !reflect.DeepEqual(e.Errors, Entry{}.Errors) && !sourced(e, "errors") && !slices.Contains(e.Unverified, "errors"),
				"a page to register at":            e.Links.Register == "" && e.Client.ID == "" && e.Issuer == "" && e.Extends == "" && e.ID != "mcp" && e.ID != "salesforce",
				"default scopes, but sets of them": len(e.AuthorizeOpts.Scopes) == 0 && len(e.ScopeSets) > 0,
				"quotes around what a shell reads": strings.ContainsAny(e.API.Try, "?*&") && !strings.Contains(e.API.Try, "'"),
				"documentation":                    e.Links.Docs == "" && e.Issuer == "",
			} {
				if missing {
					t.Errorf("it has no %s", what)
				}
			}
			for i, step := range e.Steps {
				if len(step) > 900 || !strings.HasSuffix(strings.TrimSuffix(step, ")"), ".") && !strings.HasSuffix(step, "}") && !strings.Contains(step, "https://") && !strings.Contains(step, "kanidm ") {
					t.Errorf("step %d is no sentence, or too long: %q", i+1, step)
				}
			}
			if d := regexp.MustCompile(`^2026-\d\d-\d\d$`); e.VerifiedOn != "" && !d.MatchString(e.VerifiedOn) {
				t.Errorf("compared on %s", e.VerifiedOn)
			}
		})
	}
}

// TestEachStepSaysWhereItWasRead holds each step to a source, or to the list of what
// was read nowhere.
func TestEachStepSaysWhereItWasRead(t *testing.T) {
	c, _ := LoadCatalogue("")
	for _, e := range c.List() {
		for i := range e.Steps {
			path := fmt.Sprintf("steps.%d", i+1)
			if e.ID != "practice" && !covered(path, sortedKeys(e.Sources)) && !covered(path, e.Unverified) {
				t.Errorf("%s: %s has no source and is not among the unverified", e.ID, path)
			}
		}
	}
}

// TestSourcesOfAnotherEntryVouchForNothing: where an entry sets a field that the one
// it extends has too, the source of that one's value is none of its own.
func TestSourcesOfAnotherEntryVouchForNothing(t *testing.T) {
	files, errs := readEntries(builtin, "entries", "entries", builtin.ReadFile)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for id, f := range files {
		if f.table["extends"] == nil {
			continue
		}
		t.Run(id, func(t *testing.T) {
			var e Entry
			if err := overlay(&e, f.table); err != nil {
				t.Fatal(err)
			}
			for _, path := range facts(reflect.ValueOf(e), "") {
				if !covered(path, sortedKeys(e.Sources)) && !covered(path, e.Unverified) {
					t.Errorf("%s has no source of its own and is not among the unverified", path)
				}
			}
		})
	}
}

// sourced reports whether a field, or one in it or around it, names its source.
func sourced(e Entry, field string) bool {
	for path := range e.Sources {
		if path == field || strings.HasPrefix(path, field+".") || strings.HasPrefix(field, path+".") {
			return true
		}
	}
	return false
}

// textFields are for people, or about the entry itself: no facts of the provider.
var textFields = strings.Fields("id name extends vars aliases sites cost steps scope_sets notes verified_on unverified sources api.try")

// facts are the paths of all that an entry says of its provider; a list or a table
// of words is one.
func facts(v reflect.Value, path string) (paths []string) {
	switch {
	case v.IsZero() || slices.Contains(textFields, path):
		return nil
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			paths = append(paths, facts(v.Field(i), join(path, tomlKey(v.Type().Field(i))))...)
		}
		return paths
	}
	return []string{path}
}

func covered(path string, by []string) bool {
	return slices.ContainsFunc(by, func(p string) bool { return p == path || strings.HasPrefix(path, p+".") })
}

// TestTableOfVerifiedFactsIsTrue writes and holds VERIFIED.md: of how many of its
// facts each entry names the source.
func TestTableOfVerifiedFactsIsTrue(t *testing.T) {
	c, _ := LoadCatalogue("")
	var b strings.Builder
	b.WriteString(`# What is known of each provider, and from where

Made by ` + "`go test ./providers/catalog -run Verified -update`" + ` from the entries; do not edit. A fact is
one field of an entry. "Sourced" facts name where they were read ([sources] of the
entry); "open" ones are named in its "unverified"; the rest follows from a default or
from the sourced ones. A step, of what a person does in the provider's console, is
"read" where one of those pages says it. "Compared on" is the day on which the facts were last held
against their sources. Nothing here was tried with an account.

| provider | facts | sourced | open | share sourced | steps | read | compared on | source of its endpoints |
|---|---|---|---|---|---|---|---|---|
`)
	var all, read, open, steps, stepsRead int
	for _, e := range c.List() {
		if e.ID == "practice" {
			continue
		}
		var n, s, u int
		for _, path := range facts(reflect.ValueOf(e), "") {
			n++
			switch {
			case covered(path, e.Unverified):
				u++
			case covered(path, sortedKeys(e.Sources)):
				s++
			}
		}
		r := readSteps(e)
		all, read, open, steps, stepsRead = all+n, read+s, open+u, steps+len(e.Steps), stepsRead+r
		fmt.Fprintf(&b, "| %s (%s) | %d | %d | %d | %d %% | %d | %d | %s | %s |\n", e.Name, e.ID, n, s, u, 100*s/n, len(e.Steps), r, e.VerifiedOn, endpointSource(e))
	}
	fmt.Fprintf(&b, "| all | %d | %d | %d | %d %% | %d | %d | | |\n", all, read, open, 100*read/all, steps, stepsRead)
	if *update {
		if err := os.WriteFile("VERIFIED.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("VERIFIED.md")
	if err != nil || string(have) != b.String() {
		t.Errorf("VERIFIED.md is not of these entries (%v): run the test with -update", err)
	}
}

// readSteps counts the steps that have a source.
func readSteps(e Entry) (n int) {
	for i := range e.Steps {
		if path := fmt.Sprintf("steps.%d", i+1); covered(path, sortedKeys(e.Sources)) && !covered(path, e.Unverified) {
			n++
		}
	}
	return n
}

func endpointSource(e Entry) string {
	for _, path := range []string{"token", "mcp", "issuer", "authorize", "quirks"} {
		if s := e.Sources[path]; s != "" {
			return strings.ReplaceAll(s, "|", "/")
		}
	}
	return ""
}
