package catalog

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const oldIssuer, newIssuer = "https://old.example", "https://new.example/tenant/"

func TestIssuerVarIsTheVariableThatHoldsTheIssuersURL(t *testing.T) {
	want := map[string]string{"oidc": "issuer", "dex": "issuer", "ory": "issuer", "alone": "server", "within": "issuer", "without": "issuer"}
	for _, e := range withOwnEntries(t).List() {
		t.Run(e.ID, func(t *testing.T) {
			if got := e.IssuerVar(); got != want[e.ID] {
				t.Errorf("%q, want %q", got, want[e.ID])
			}
		})
	}
}

// texts are all strings in a connection's file.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	case map[string]any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	}
	return all
}

func TestSetIssuerLeavesOneIssuerWhereverItWasBefore(t *testing.T) {
	table := func(pairs ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	catalogue := withOwnEntries(t)
	for _, id := range []string{"oidc", "alone", "within", "without", "fixed", "mcp", "gitlab", "practice", "microsoft", "google"} {
		e, _ := catalogue.Entry(id)
		variable := e.IssuerVar()
		forms := map[string]Connection{
			"none":                  {},
			"an override":           {Override: table("issuer", oldIssuer)},
			"an override and more":  {Override: table("issuer", oldIssuer, "redirect", table("port", "fixed"))},
			"a variable of oidc's":  {Vars: map[string]string{"issuer": oldIssuer}},
			"that and an override":  {Vars: map[string]string{"issuer": oldIssuer}, Override: table("issuer", oldIssuer)},
			"an override to itself": {Override: table("issuer", newIssuer)},
		}
		if variable != "" {
			forms["a variable"] = Connection{Vars: map[string]string{variable: oldIssuer}}
			forms["a variable and an override"] = Connection{Vars: map[string]string{variable: oldIssuer}, Override: table("issuer", oldIssuer)}
			forms["a default of the variable"] = Connection{Override: table("vars", table(variable, table("default", oldIssuer)))}
			forms["a default and a label"] = Connection{Override: table("vars", table(variable, table("default", oldIssuer, "label", "x")))}
		}
		for form, conn := range forms {
			t.Run(id+" with "+form, func(t *testing.T) {
				conn.Name, conn.Provider = "work", id
				if id == "mcp" {
					conn.MCP = "https://mcp.example/mcp"
				}
				_, port := conn.Override["redirect"]
				if err := conn.SetIssuer(e, newIssuer); err != nil {
					t.Fatal(err)
				}
				data, err := MarshalConnection(conn)
				if err != nil {
					t.Fatal(err)
				}
				f, err := readTOML("work.toml", data)
				if err != nil {
					t.Fatal(err)
				}
				all := texts(f.table)
				if slices.Contains(all, oldIssuer) || strings.Count(strings.Join(all, "\n"), newIssuer) != 1 {
					t.Errorf("the file is\n%s", data)
				}
				if _, still := conn.Override["redirect"]; still != port || conn.Override["vars"] != nil && form != "a default and a label" {
					t.Errorf("the override is %v", conn.Override)
				}
				if got, err := catalogue.Resolve(conn); err != nil || !strings.HasPrefix(cmp.Or(got.Issuer, got.Token), newIssuer) {
					t.Errorf("resolved to the issuer %q, token %q: %v", got.Issuer, got.Token, err)
				}
			})
		}
	}
}

func TestSetIssuerRefusesInOneSentenceAndChangesNothing(t *testing.T) {
	catalogue := withOwnEntries(t)
	for _, tt := range []struct{ name, provider, issuer, want string }{
		{"no scheme", "oidc", "login.example.org", "the issuer has no scheme: did you mean https://login.example.org?"},
		{"no scheme, with a port", "oidc", "localhost:8080", "the issuer has no scheme: did you mean http://localhost:8080?"},
		{"no scheme, with slashes", "oidc", "//login.example.org", "the issuer must begin with https://"},
		{"no scheme, of an override", "gitlab", "git.example.org", "the issuer has no scheme: did you mean https://git.example.org?"},
		{"another scheme", "oidc", "ftp://login.example.org", "the issuer must begin with https://"},
		{"plain http", "oidc", "http://login.example.org", "the issuer must be https, or http to this machine (localhost, 127.0.0.1 or [::1])"},
		{"no host", "oidc", "https://", "the issuer is not a URL"},
		{"a password", "oidc", "https://u:s3cr3t@login.example.org", "the issuer must not hold a user name or password"},
		{"a password and no scheme", "oidc", "u:s3cr3t@login.example.org", "the issuer must begin with https://"},
		{"a fragment", "oidc", "https://login.example.org/#x", "the issuer must not hold a fragment"},
		{"a blank", "oidc", "https://login.example.org/a b", "the issuer is not a URL"},
		{"a placeholder", "oidc", "https://{host}", "the issuer is not a URL"},
		{"a placeholder in the path", "gitlab", "https://login.example.org/{host}", "the issuer is not a URL"},
		{"nothing", "oidc", "", "the issuer is empty: give its URL, such as https://login.example.org"},
		{"a provider without issuer", "github", "https://login.example.org", "GitHub (github) has no issuer: leave --issuer out, or use --provider oidc for a server that has a discovery document"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, _ := catalogue.Entry(tt.provider)
			conn := Connection{Provider: tt.provider, Vars: map[string]string{"issuer": oldIssuer}, Override: map[string]any{"redirect": map[string]any{"port": "any"}}}
			before := Connection{Provider: tt.provider, Vars: map[string]string{"issuer": oldIssuer}, Override: map[string]any{"redirect": map[string]any{"port": "any"}}}
			err := conn.SetIssuer(e, tt.issuer)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
			if !reflect.DeepEqual(conn, before) {
				t.Errorf("changed to %+v", conn)
			}
		})
	}
}

func TestSetIssuerChangesAnIssuerThatAnOverrideGaveToAnEntryWithout(t *testing.T) {
	e, _ := withOwnEntries(t).Entry("github")
	conn := Connection{Provider: "github", Override: map[string]any{"issuer": oldIssuer}}
	if err := conn.SetIssuer(e, newIssuer); err != nil || conn.Override["issuer"] != newIssuer {
		t.Errorf("%+v, %v", conn, err)
	}
}

func TestIssuerIsTakenFromTheAddressOfItsDocument(t *testing.T) {
	e, _ := withOwnEntries(t).Entry("oidc")
	for pasted, want := range map[string]string{
		"https://a.example/.well-known/openid-configuration":                "https://a.example",
		" https://a.example/realms/x/.well-known/openid-configuration\n":    "https://a.example/realms/x",
		"https://a.example/.well-known/oauth-authorization-server/realms/x": "https://a.example/realms/x",
		"https://a.example/.well-known/openid-configuration/":               "https://a.example",
		"https://a.example/.well-known/jwks.json":                           "https://a.example/.well-known/jwks.json",
		"https://a.example/": "https://a.example/",
	} {
		t.Run(pasted, func(t *testing.T) {
			conn := Connection{Provider: "oidc"}
			if err := conn.SetIssuer(e, pasted); err != nil || conn.Vars["issuer"] != want {
				t.Errorf("%q, %v", conn.Vars["issuer"], err)
			}
		})
	}
}

func TestWhichEntriesNeedAnAppToBeRegistered(t *testing.T) {
	for id, want := range map[string]bool{
		"gitlab": true, "xero": true, "mcp-github": true, // a client of a server that registers none
		"todoist": false, "fastmail": false, "mcp-sentry": false, "mcp": false, "oidc": false, // where a client registers itself, or may
		"snowflake": false, "practice": false, // everyone's client
	} {
		t.Run(id, func(t *testing.T) {
			if e := ours(t, id); e.NeedsApp() != want {
				t.Errorf("%v", e.NeedsApp())
			}
		})
	}
}
