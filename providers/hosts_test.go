package providers

import (
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/providers/catalog"
)

func TestWhichHostsAConnectionAnswersFor(t *testing.T) {
	catalogue, err := catalog.LoadCatalogue("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		conn catalog.Connection
		want string
	}{
		{catalog.Connection{Provider: "gitlab", ClientID: "x", Vars: map[string]string{"host": "git.example.org:8443"}}, "git.example.org:8443"},
		{catalog.Connection{Provider: "gitlab", ClientID: "x"}, "gitlab.com"},
		{catalog.Connection{Provider: "bitbucket", ClientID: "x"}, "api.bitbucket.org bitbucket.org"},
		{catalog.Connection{Provider: "bitbucket", ClientID: "x", Hosts: []string{"bitbucket.org/acme", "*.b.example"}}, "bitbucket.org/acme *.b.example"},
		{catalog.Connection{Provider: "practice"}, "127.0.0.1:47820"},
		{catalog.Connection{Provider: "salesforce", ClientID: "x"}, "*.cloudforce.com *.force.com *.salesforce.com *.salesforce.mil"},
	} {
		client, err := NewClient(catalogue, c.conn, ClientOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := client.Hosts()
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.conn.Provider, got, c.want)
		}
	}
}

func TestWhatMayStandUnderHosts(t *testing.T) {
	for _, good := range []string{"git.example.org", "git.example.org:8443", "*.example.org", "github.com/acme", "github.com/acme/tools", "127.0.0.1:3000", "[::1]:3000"} {
		if catalog.IsBadHost(good) {
			t.Errorf("%s is refused", good)
		}
	}
	bad := []string{"", "*", "https://github.com", "github.com/", "github.com/../x", "ada@github.com", "github.com?x", "git hub.com", "*.*.org", "github.com/a b"}
	if i := slices.IndexFunc(bad, func(s string) bool { return !catalog.IsBadHost(s) }); i >= 0 {
		t.Errorf("%s is taken", bad[i])
	}
}
