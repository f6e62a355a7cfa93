package hosts

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// The connections of the table below.
var (
	work   = Connection{Name: "work", Account: "ada", Hosts: []string{"github.com", "gist.github.com"}}
	play   = Connection{Name: "play", Account: "grace", Hosts: []string{"github.com"}}
	acme   = Connection{Name: "acme", Account: "ada-acme", Hosts: []string{"github.com/acme", "github.com/acme-labs"}}
	tools  = Connection{Name: "tools", Account: "bot", Hosts: []string{"github.com/acme/tools"}}
	office = Connection{Name: "office", Account: "Ada Lovelace", Hosts: []string{"git.example.org:8443", "*.example.org"}}
	mail   = Connection{Name: "mail", Account: "ada@example.com", Hosts: []string{"dev.example.com"}}
	fresh  = Connection{Name: "fresh", Hosts: []string{"code.example.net"}}
	deep   = Connection{Name: "deep", Hosts: []string{"*.git.example.org", "exact.example.org"}}
	loop   = Connection{Name: "loop", Hosts: []string{"127.0.0.1:3000", "[::1]:3000"}}
	silent = Connection{Name: "silent"}
	docs   = Connection{Name: "docs", Account: "ada", Hosts: []string{"github.com"}, Yields: true}
	notes  = Connection{Name: "notes", Hosts: []string{"github.com"}, Yields: true}
)

func TestWhichConnectionAnswers(t *testing.T) {
	for _, c := range []struct {
		all              []Connection
		host, path, user string
		want             string // a name, or a Reason in brackets
	}{
		// one connection
		{[]Connection{work}, "github.com", "", "", "work"},
		{[]Connection{work}, "GitHub.com", "", "", "work"},
		{[]Connection{work}, "github.com.", "", "", "work"},
		{[]Connection{work}, "github.com:443", "x/y.git", "", "work"},
		{[]Connection{work}, "github.com:8443", "", "", "(none)"},
		{[]Connection{work}, "gist.github.com", "", "", "work"},
		{[]Connection{work}, "api.github.com", "", "", "(none)"},
		{[]Connection{work}, "github.com.evil.example", "", "", "(none)"},
		{[]Connection{work}, "evil-github.com", "", "", "(none)"},
		{[]Connection{work}, "", "", "", "(none)"},
		{[]Connection{silent}, "github.com", "", "", "(none)"},
		{nil, "github.com", "", "", "(none)"},

		// users
		{[]Connection{work}, "github.com", "", "ada", "work"},
		{[]Connection{work}, "github.com", "", "ADA", "work"},
		{[]Connection{work}, "github.com", "", "work", "work"},
		{[]Connection{work}, "github.com", "", "x-access-token", "work"},
		{[]Connection{work}, "github.com", "", "oauth2", "work"},
		{[]Connection{work}, "github.com", "", "bob", "(other_user)"},
		{[]Connection{fresh}, "code.example.net", "", "bob", "fresh"},
		{[]Connection{mail}, "dev.example.com", "", "ada", "mail"},
		{[]Connection{mail}, "dev.example.com", "", "ada@example.com", "mail"},
		{[]Connection{mail}, "dev.example.com", "", "bob@example.com", "(other_user)"},
		{[]Connection{office}, "git.example.org:8443", "", "ada", "office"},

		// two that fit
		{[]Connection{work, play}, "github.com", "", "", "(several)"},
		{[]Connection{work, play}, "github.com", "acme/x.git", "", "(several)"},
		{[]Connection{work, play}, "github.com", "", "oauth2", "(several)"},
		{[]Connection{work, play}, "github.com", "", "ada", "work"},
		{[]Connection{work, play}, "github.com", "", "grace", "play"},
		{[]Connection{work, play}, "github.com", "", "play", "play"},
		{[]Connection{work, play}, "github.com", "", "bob", "(other_user)"},
		{[]Connection{work, play}, "gist.github.com", "", "", "work"},
		{[]Connection{{Name: "ada", Account: "grace", Hosts: []string{"github.com"}}, work}, "github.com", "", "ada", "ada"}, // a name goes first

		// paths
		{[]Connection{work, acme}, "github.com", "acme/x.git", "", "acme"},
		{[]Connection{work, acme}, "github.com", "/acme/x.git", "", "acme"},
		{[]Connection{work, acme}, "github.com", "Acme/x.git", "", "acme"},
		{[]Connection{work, acme}, "github.com", "acme", "", "acme"},
		{[]Connection{work, acme}, "github.com", "acme-labs/x", "", "acme"},
		{[]Connection{work, acme}, "github.com", "acmeish/x", "", "work"},
		{[]Connection{work, acme}, "github.com", "", "", "work"},
		{[]Connection{work, acme}, "github.com", "acme/x.git", "ada", "work"}, // the user goes first
		{[]Connection{work, acme, tools}, "github.com", "acme/tools/x", "", "tools"},
		{[]Connection{acme}, "github.com", "", "", "(path_needed)"},
		{[]Connection{acme}, "github.com", "other/x", "", "(none)"},

		// one that yields
		{[]Connection{docs}, "github.com", "", "", "docs"},
		{[]Connection{docs}, "github.com", "", "bob", "(other_user)"},
		{[]Connection{docs, work}, "github.com", "", "", "work"},
		{[]Connection{docs, work}, "github.com", "acme/x.git", "", "work"},
		{[]Connection{docs, work}, "github.com", "", "ada", "work"},
		{[]Connection{docs, work}, "github.com", "", "docs", "docs"},
		{[]Connection{docs, work}, "github.com", "", "bob", "(other_user)"}, // it is not asked in another's place
		{[]Connection{docs, play}, "github.com", "", "ada", "(other_user)"},
		{[]Connection{docs, work, play}, "github.com", "", "", "(several)"},
		{[]Connection{docs, notes}, "github.com", "", "", "(several)"},
		{[]Connection{docs, notes}, "github.com", "", "notes", "notes"},
		{[]Connection{docs, acme}, "github.com", "acme/x.git", "", "acme"},
		{[]Connection{docs, acme}, "github.com", "other/x", "", "docs"},
		{[]Connection{docs, acme}, "github.com", "", "", "(path_needed)"},
		{[]Connection{docs, acme}, "github.com", "", "docs", "docs"},
		{[]Connection{docs, office}, "github.com", "", "", "docs"},

		// ports, wildcards, addresses
		{[]Connection{office}, "git.example.org", "", "", "office"}, // by *.example.org
		{[]Connection{office}, "git.example.org:9443", "", "", "(none)"},
		{[]Connection{office}, "example.org", "", "", "(none)"},
		{[]Connection{office, deep}, "a.git.example.org", "", "", "deep"},
		{[]Connection{office, deep}, "exact.example.org", "", "", "deep"},
		{[]Connection{office, deep}, "b.example.org", "", "", "office"},
		{[]Connection{loop}, "127.0.0.1:3000", "", "", "loop"},
		{[]Connection{loop}, "[::1]:3000", "", "", "loop"},
		{[]Connection{loop}, "127.0.0.1", "", "", "(none)"},
	} {
		for _, all := range [][]Connection{c.all, backwards(c.all)} {
			got, err := Match(all, c.host, c.path, c.user)
			var r *Refusal
			if errors.As(err, &r) {
				got = "(" + string(r.Reason) + ")"
			}
			if got != c.want {
				t.Errorf("%s@%s/%s of %v: %s, want %s (%v)", c.user, c.host, c.path, names(all), got, c.want, err)
			}
		}
	}
}

func backwards(all []Connection) []Connection {
	all = slices.Clone(all)
	slices.Reverse(all)
	return all
}

func names(all []Connection) (list []string) {
	for _, c := range all {
		list = append(list, c.Name)
	}
	return list
}

func TestARefusalNamesTheConnectionsAndWhatToWrite(t *testing.T) {
	for _, c := range []struct {
		all              []Connection
		host, path, user string
		says             []string
	}{
		{nil, "git.example.org", "", "", []string{"No connection answers for git.example.org.", `hosts = ["git.example.org"]`}},
		{[]Connection{work, play}, "github.com", "", "", []string{"play and work both answer for github.com.", "https://play@github.com/…", `hosts = ["github.com/acme"]`}},
		{[]Connection{work, play}, "github.com", "rust-lang/rust", "", []string{`hosts = ["github.com/rust-lang"]`}},
		{[]Connection{work, play, fresh}, "github.com", "", "bob", []string{"bob was asked for at github.com", "work is connected as ada", "play is connected as grace"}},
		{[]Connection{acme}, "github.com", "", "", []string{"acme answers for acme only, and acme answers for acme-labs only", "credential.https://github.com.useHttpPath true"}},
	} {
		_, err := Match(c.all, c.host, c.path, c.user)
		for _, part := range c.says {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s@%s/%s: %v\nlacks %q", c.user, c.host, c.path, err, part)
			}
		}
	}
}

func TestHostileTextIsOneLineOfASentence(t *testing.T) {
	evil := Connection{Name: "work", Account: "a\x1b]0;x\nb\u202e", Hosts: []string{"h.example"}}
	_, err := Match([]Connection{evil}, "h.example", "", "bob\r\nquit=1")
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\r\n\u202e") {
		t.Errorf("%q", err)
	}
	_, err = Match(nil, strings.Repeat("x", 5000), "", "")
	if err == nil || len(err.Error()) > 500 {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
}

// TestAPathThatLeadsOutOfTheConnectionsOwnIsNotItsOwn: however it is written.
func TestAPathThatLeadsOutOfTheConnectionsOwnIsNotItsOwn(t *testing.T) {
	acme := []Connection{{Name: "acme", Hosts: []string{"git.test/acme"}}}
	for path, want := range map[string]string{
		"acme/x.git": "acme", "/acme/x.git": "acme", "acme/./x.git": "acme", "evil/../acme/x.git": "acme", "acme/a%20b": "acme",
		"acme/../evil/x.git": "", "acme/%2e%2e/evil": "", "acme/%2E./evil": "", "acme%2f..%2fevil": "", "acme/%252e%252e/evil": "",
		`acme\..\evil`: "", "acme/..": "", "acme/x/../../evil": "", "acme/%zz": "", "acme/%25252525252e%2e/evil": "",
	} {
		t.Run(path, func(t *testing.T) {
			if got, err := Match(acme, "git.test", path, ""); got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
}
