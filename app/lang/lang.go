// Package lang has what people read in other languages than English: in the
// window, the tray, notifications and the pages in the browser. The command line,
// the socket and the log are English.
//
// A text is its own key: "{{.Name}} is removed." in the code is looked up as it
// stands, and its places are filled after that. Sentences about a connection are
// put together from the tables of package tokens by state and reason.
//
// # Adding a translation
//
// Copy de.json, named after the language, and translate its values; tests of
// app/window and app/desktop name the texts that are missing. What depends on a
// count has the forms "one" and "other", and stands in en.json too. The steps and
// notes of providers are in app/window/guides.
package lang

import (
	"cmp"
	"embed"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jeandeaual/go-locale"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// Files are the translations, one for each language.
//
//go:embed *.json
var Files embed.FS

// Language is one that people read. Nil is English.
type Language struct {
	code   string
	texts  map[string]string
	counts map[string]forms
	match  func() []pattern
}

// forms are a text for one and for more.
type forms struct{ One, Other string }

// OfDesktop is the first language of the desktop's that there are texts in; nil,
// which is English, where there is none.
func OfDesktop() *Language {
	wanted, _ := locale.GetLocales()
	for _, tag := range wanted {
		name, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
		if strings.EqualFold(name, "en") {
			return nil
		}
		if l := Named(strings.ToLower(name)); l != nil {
			return l
		}
	}
	return nil
}

// Named is a language by its code, such as "de"; nil where there is no file of it.
func Named(code string) *Language {
	data, err := Files.ReadFile(code + ".json")
	if err != nil {
		return nil
	}
	var all map[string]json.RawMessage
	_ = json.Unmarshal(data, &all) // the files are built in, and tested
	l := &Language{code: code, texts: map[string]string{}, counts: map[string]forms{}}
	for key, value := range all {
		var one string
		var both forms
		if json.Unmarshal(value, &one) == nil {
			l.texts[key] = one
		} else if json.Unmarshal(value, &both) == nil {
			l.counts[key] = both
		}
	}
	l.match = sync.OnceValue(func() []pattern { return patternsOf(l.texts) })
	return l
}

// Code is the language's, such as "de".
func (l *Language) Code() string {
	if l == nil {
		return "en"
	}
	return l.code
}

// english has the forms of the texts that depend on a count.
var english = sync.OnceValue(func() *Language { return Named("en") })

// Tr gives a text in the language, and fills its places in pairs: "Name", "work". A
// text that is in no file stays English.
func (l *Language) Tr(template string, pairs ...string) string {
	if l != nil {
		template = cmp.Or(l.texts[template], template)
	}
	return text.Fill(template, pairs...)
}

// Count is Tr for a text that depends on a count, which stands in it as {{.Count}}.
func (l *Language) Count(template string, n int, pairs ...string) string {
	if l == nil {
		l = english()
	}
	if f, ok := l.counts[template]; ok {
		if template = f.Other; n == 1 {
			template = f.One
		}
	}
	return text.Fill(template, append(pairs, "Count", strconv.Itoa(n))...)
}

// Sentence gives a sentence that was filled in already where it was made, which may
// begin with the provider's name. What is in no file is said to be English.
func (l *Language) Sentence(provider, s string) string {
	if l == nil || s == "" {
		return s
	}
	if known, ok := l.texts[s]; ok {
		return known
	}
	if rest, ok := strings.CutPrefix(s, provider); ok && provider != "" {
		if known, ok := l.texts["The provider"+rest]; ok {
			return text.Fill(known, "Provider", provider)
		}
	}
	if key, pairs, ok := find(l.match(), s); ok {
		return l.Tr(key, pairs...)
	}
	return l.Tr("In English: {{.Text}}", "Text", s)
}

// Status is a connection's detail.
func (l *Language) Status(st tokens.Status) string {
	st.ProviderName = cmp.Or(st.ProviderName, st.Provider)
	if told := st.Sentence(l.Tr); told != st.Detail || l == nil {
		return told
	}
	return l.Sentence(st.ProviderName, st.Detail)
}

// Known reports whether a text is in the files as it stands.
func Known(s string) bool { return known()[s] }

// Find is the text of the files that a sentence was made from, with what its places
// were filled with.
func Find(s string) (template string, pairs []string, ok bool) { return find(patterns(), s) }

var known = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	files, _ := Files.ReadDir(".")
	for _, f := range files {
		l := Named(strings.TrimSuffix(f.Name(), ".json"))
		for key := range l.texts {
			all[key] = true
		}
		for key := range l.counts {
			all[key] = true
		}
	}
	return all
})

var patterns = sync.OnceValue(func() []pattern { return patternsOf(known()) })

// pattern is a text that is filled in already where it comes from: its places are
// called A, B and so on.
type pattern struct {
	key     string
	english *regexp.Regexp
}

func patternsOf[V any](texts map[string]V) (all []pattern) {
	for key := range texts {
		if !strings.Contains(key, "{{.A}}") {
			continue
		}
		english := regexp.QuoteMeta(key)
		for place := 'A'; place <= 'D'; place++ {
			english = strings.ReplaceAll(english, regexp.QuoteMeta("{{."+string(place)+"}}"), "(.+?)")
		}
		all = append(all, pattern{key, regexp.MustCompile("(?s)^" + english + "$")})
	}
	slices.SortFunc(all, func(a, b pattern) int { return cmp.Or(len(b.key)-len(a.key), strings.Compare(a.key, b.key)) }) // the most exact first
	return all
}

func find(all []pattern, s string) (key string, pairs []string, ok bool) {
	for _, p := range all {
		if found := p.english.FindStringSubmatch(s); found != nil {
			for i, value := range found[1:] {
				pairs = append(pairs, string(rune('A'+i)), value)
			}
			return p.key, pairs, true
		}
	}
	return "", nil, false
}
