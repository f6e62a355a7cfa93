package catalog

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

const workFile = `provider  = "gitlab"
client_id = "abc"
scopes    = ["read_user", "read_api"]
vars      = { host = "git.example.org" }
hosts     = ["git.example.org"]
refresh   = "on-demand"

[override]
token = "https://git.example.org/oauth/token"
redirect.port = 8123
[override.authorize_opts]
params = { prompt = "login" }
`

func TestAConnectionFileComesBackAsItWasWritten(t *testing.T) {
	c, err := ParseConnection("work", []byte(workFile))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "work" || c.Vars["host"] != "git.example.org" || c.Refresh != "on-demand" {
		t.Errorf("%+v", c)
	}
	data, err := MarshalConnection(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseConnection("work", data)
	if err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("%v\n%s\n%+v\n%+v", err, data, c, again)
	}
}

func TestAFaultInAConnectionFileNamesItsLine(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"provider = \"github\"\nscope = [\"a\"]\n", "work.toml:2: scope: there is no such field; did you mean scopes?"},
		{"provider = \"github\"\nclient_secret = \"s3cr3t\"\n", "work.toml:2: client_secret: looks like a secret; secrets do not belong into files; take it out and set it with: authtray secret set NAME"},
		{"provider = \"github\"\nrefresh_token = \"s3cr3t\"\n", "work.toml:2: refresh_token: looks like a secret"},
		{"provider = \"github\"\n[override.client.headers]\nAuthorization = \"s3cr3t\"\n", "work.toml:3: override.client.headers.Authorization: looks like a secret"},
		{"provider = \"github\"\n[override.client.headers]\nX-Auth-Token = \"s3cr3t\"\n", "work.toml:3: override.client.headers.X-Auth-Token: is a credential"},
		{"provider = \"github\"\n[override.whoami.headers]\nCookie = \"s3cr3t\"\n", "work.toml:3: override.whoami.headers.Cookie: looks like a secret"},
		{"provider = \"github\"\n[override.authorize_opts.token_params]\nclient_secret = \"s3cr3t\"\n", "work.toml:3: override.authorize_opts.token_params.client_secret: looks like a secret"},
		{"provider = \"github\"\n[override.client]\nsecret = \"s3cr3t\"\n", "work.toml:3: override.client.secret: must be one of none, optional"},
		{"provider = \"github\"\n[override]\ntoken = \"https://u:s3cr3t@a.example/\"\n", "work.toml:3: override.token: holds a user name or password"},
		{"provider = \"github\"\n[override]\nredirect.prot = \"any\"\n", "work.toml:3: override.redirect.prot: there is no such field; did you mean port?"},
		{"provider = \"github\"\nrefresh = \"daily\"\n", "work.toml:2: refresh: must be \"timer\" or \"on-demand\""},
		{"provider = \"github\"\nscopes = [\"a b\"]\n", "work.toml:2: scopes: must be a list of scopes, each without spaces"},
		{"provider = \"github\"\nhosts = [\"https://a\"]\n", "work.toml:2: hosts: must be host names"},
		{"provider = \"github\"\nmcp = \"http://a.example\"\n", "work.toml:2: mcp: must be https"},
		{"provider = \"github\"\nca_file = \"work.pem\"\n", "work.toml:2: ca_file: must be an absolute path"},
		{"provider = \"github\"\nresource = \"x\"\n", "work.toml:2: resource: must be an absolute URI"},
		{"provider = \"Git Hub\"\n", "work.toml:1: provider: must be a provider's id"},
		{"client_id = \"x\"\n", "work.toml: provider: is missing"},
		{"provider = \"github\"\nprovider = \"gitlab\"\n", "work.toml:2: this is not TOML"},
		{"provider = s3cr3t\n", "work.toml:1: this is not TOML"},
	} {
		_, err := ParseConnection("work", []byte(tt.content))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s\n got %v\nwant %s", tt.content, err, tt.want)
		} else if strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}

func TestSettingSingleFields(t *testing.T) {
	c := Connection{Name: "work", Provider: "gitlab"}
	for _, set := range [][2]string{{"redirect.port", "any"}, {"tokens.default_expires_in", "60"}, {"vars.host", "git.example.org"}, {"authorize_opts.params.prompt", "login"}, {"par_required", "true"}} {
		if err := c.SetOverride(set[0], set[1]); err != nil {
			t.Error(err)
		}
	}
	for _, set := range [][2]string{{"redirect.prot", "any"}, {"client.headers.Cookie", "x"}, {"client.auth", "magic"}, {"", "x"}, {"redirect", "any"}, {"tokens.default_expires_in", "soon"}} {
		if err := c.SetOverride(set[0], set[1]); err == nil {
			t.Errorf("%q taken", set)
		}
	}
	catalogue, _ := LoadCatalogue("")
	e, err := catalogue.Resolve(c)
	if err != nil {
		t.Fatal(err)
	}
	if e.Token != "https://git.example.org/oauth/token" || e.Tokens.DefaultExpiresIn != 60 || e.AuthorizeOpts.Params["prompt"] != "login" || !e.PARRequired {
		t.Errorf("%+v", e)
	}
	if data, err := MarshalConnection(c); err != nil || !strings.Contains(string(data), "[override.redirect]") {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestWhatMayStandUnderHosts(t *testing.T) {
	for _, good := range []string{"git.example.org", "git.example.org:8443", "*.example.org", "github.com/acme", "github.com/acme/tools", "127.0.0.1:3000", "[::1]:3000"} {
		if isBadHost(good) {
			t.Errorf("%s is refused", good)
		}
	}
	bad := []string{"", "*", "https://github.com", "github.com/", "github.com/../x", "ada@github.com", "github.com?x", "git hub.com", "*.*.org", "github.com/a b"}
	if i := slices.IndexFunc(bad, func(s string) bool { return !isBadHost(s) }); i >= 0 {
		t.Errorf("%s is taken", bad[i])
	}
}

func FuzzConnectionFile(f *testing.F) {
	f.Add([]byte(workFile))
	f.Add([]byte("provider = \"oidc\"\nvars.issuer = \"https://a\"\n"))
	f.Add([]byte("provider = \"a\"\n[override]\nclient.headers.\"X-A\" = 1\nvars.x = {}\n"))
	f.Add([]byte("mcp = \"https://mcp.example/\"\noverride = { tokens = { keep = [\"a\"] } }\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConnection("work", data)
		if err != nil {
			return
		}
		out, err := MarshalConnection(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseConnection("work", out)
		if err != nil || again.Provider != c.Provider || len(again.Override) != len(c.Override) {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

func TestFileMayBeginWithAByteOrderMark(t *testing.T) {
	if c, err := ParseConnection("work", []byte("\xef\xbb\xbfprovider = \"github\"\n")); err != nil || c.Provider != "github" {
		t.Errorf("%+v, %v", c, err)
	}
}
