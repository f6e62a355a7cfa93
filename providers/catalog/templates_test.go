package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// ownEntries are the user's own, with issuers of each kind.
var ownEntries = map[string]string{
	"alone.toml":   "id = \"alone\"\nname = \"Alone\"\nissuer = \"{server}\"\n[vars.server]\npattern = \"url\"\n",
	"within.toml":  "id = \"within\"\nname = \"Within\"\nissuer = \"{issuer}/realms/{realm}\"\n[vars.issuer]\npattern = \"url\"\n[vars.realm]\ndefault = \"main\"\n",
	"without.toml": "id = \"without\"\nname = \"Without\"\nauthorize = \"{issuer}/a\"\ntoken = \"{issuer}/t\"\n[vars.issuer]\npattern = \"url\"\n",
	"host.toml":    "id = \"host\"\nname = \"Host\"\nissuer = \"https://{issuer}\"\n[vars.issuer]\npattern = \"hostname\"\n",
	"fixed.toml":   "id = \"fixed\"\nname = \"Fixed\"\nextends = \"oidc\"\nissuer = \"https://fixed.example\"\n",
}

func withOwnEntries(t *testing.T) *Catalogue {
	t.Helper()
	c, errs := LoadCatalogue(userFolder(t, ownEntries))
	for _, err := range errs {
		t.Fatal(err)
	}
	return c
}

// overridden gives every field in which a variable is used another value.
func overridden(t *testing.T, e Entry, fields []string) map[string]any {
	t.Helper()
	data, err := json.Marshal(e.fill(e.sampleValues()))
	if err != nil {
		t.Fatal(err)
	}
	var whole, out map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		keys := strings.Split(field, ".")
		value := any(whole)
		for _, key := range keys {
			value = value.(map[string]any)[key]
		}
		out = nest(out, keys, value)
	}
	return out
}

func TestVariableIsNotDemandedWhereAnOverrideTakesAllItsPlaces(t *testing.T) {
	catalogue := withOwnEntries(t)
	tried := 0
	for _, e := range catalogue.List() {
		for _, name := range sortedKeys(e.Vars) {
			if e.Vars[name].Default != "" {
				continue
			}
			t.Run(e.ID+" "+name, func(t *testing.T) {
				tried++
				fields := e.fieldsWith(name)
				conn := Connection{Provider: e.ID, Vars: map[string]string{}, Override: overridden(t, e, fields)}
				for other, v := range e.Vars {
					if other != name && v.Default == "" {
						conn.Vars[other] = samples[v.pattern()]
					}
				}
				got, err := catalogue.Resolve(conn)
				if err != nil {
					t.Fatalf("%v is overridden: %v", fields, err)
				}
				if left := got.fieldsWith(name); len(left) > 0 {
					t.Errorf("{%s} is left in %v", name, left)
				}
				if _, asked := e.VarsFor(conn.Override)[name]; asked {
					t.Error("it is asked for all the same")
				}
				for i, field := range fields {
					conn.Override = overridden(t, e, slices.Delete(slices.Clone(fields), i, i+1))
					_, err := catalogue.Resolve(conn)
					if err == nil || !strings.HasPrefix(err.Error(), "vars."+name+": is missing") {
						t.Errorf("%s is not overridden: %v", field, err)
					} else if len(fields) > 1 && !strings.HasSuffix(err.Error(), "or override what needs it too: "+field) {
						t.Errorf("%s is not named: %v", field, err)
					}
					if _, asked := e.VarsFor(conn.Override)[name]; !asked {
						t.Errorf("%s is not overridden, and it is not asked for", field)
					}
				}
			})
		}
	}
	if tried < 8 {
		t.Errorf("only %d variables were tried", tried)
	}
}

func TestVariableThatAnOverrideUsesIsDemanded(t *testing.T) {
	conn := Connection{Provider: "oidc", Override: map[string]any{"token": "https://{host}/token", "vars": map[string]any{"host": map[string]any{"pattern": "hostname"}}}, Vars: map[string]string{"issuer": "https://new.example"}}
	catalogue := withOwnEntries(t)
	if _, err := catalogue.Resolve(conn); err == nil || !strings.HasPrefix(err.Error(), "vars.host: is missing") {
		t.Errorf("%v", err)
	}
	conn.Vars["host"] = "login.example.org"
	if e, err := catalogue.Resolve(conn); err != nil || e.Token != "https://login.example.org/token" {
		t.Errorf("%q, %v", e.Token, err)
	}
}

func TestProviderOfAnyIssuerIsCalledByItsHost(t *testing.T) {
	catalogue := withOwnEntries(t)
	for name, tt := range map[string]struct {
		conn Connection
		want string
	}{
		"in a variable": {Connection{Provider: "oidc", Vars: map[string]string{"issuer": "https://new.example"}}, "new.example"},
		"overridden":    {Connection{Provider: "oidc", Override: map[string]any{"issuer": "https://new.example"}}, "new.example"},
		"taken out":     {Connection{Provider: "oidc", Override: map[string]any{"issuer": "", "token": "https://new.example/t"}}, "OpenID Connect"},
		"named":         {Connection{Provider: "oidc", Override: map[string]any{"issuer": "https://new.example", "name": "Work"}}, "Work"},
		"of another":    {Connection{Provider: "gitlab", Override: map[string]any{"issuer": "https://new.example"}}, "GitLab"},
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := catalogue.Resolve(tt.conn); err != nil || e.Name != tt.want {
				t.Errorf("%q, %v", e.Name, err)
			}
		})
	}
}

func TestHostsAreTakenAsPeopleWriteThem(t *testing.T) {
	c, _ := LoadCatalogue("")
	for given, want := range map[string]string{
		"git.example.org": "git.example.org", "GIT.Example.ORG": "git.example.org", "git.example.org.": "git.example.org", "Git.Example.org.:8443": "git.example.org:8443",
		"git.example.org:8443": "git.example.org:8443", "xn--mnchen-3ya.example": "xn--mnchen-3ya.example", "Example.org/GitLab": "example.org/GitLab", "[2001:db8::1]:80": "[2001:db8::1]:80",
		"münchen.example": "vars.host: must be in its ASCII form, which begins with xn--", "https://git.example.org": "vars.host: is not a host", "git..example.org": "vars.host: is not a host",
		"git.example.org..": "vars.host: is not a host", ".": "vars.host: is not a host",
	} {
		t.Run(given, func(t *testing.T) {
			for _, provider := range []string{"gitlab", "gitea", "bitbucket-dc"} { // with a path, without, and with a path once more
				if provider == "gitea" && strings.Contains(given, "/") {
					continue
				}
				e, err := c.Resolve(Connection{Name: "work", Provider: provider, Vars: map[string]string{"host": given}})
				if err != nil && !strings.HasPrefix(err.Error(), want) || err == nil && !strings.HasPrefix(e.Token, "https://"+want+"/") {
					t.Errorf("%s: %v %s, want %s", provider, err, e.Token, want)
				}
			}
		})
	}
}

func TestHostIsChosenAmongThoseThatThereAre(t *testing.T) {
	c, _ := LoadCatalogue("")
	for given, want := range map[string]string{
		"":                               "https://sandbox-quickbooks.api.intuit.com/v3",
		"QuickBooks.API.intuit.com.":     "https://quickbooks.api.intuit.com/v3",
		"elsewhere.example":              "vars.api: must be one of sandbox-quickbooks.api.intuit.com, quickbooks.api.intuit.com",
		"quickbooks.api.intuit.com:8443": "vars.api: must be one of",
	} {
		t.Run(given, func(t *testing.T) {
			e, err := c.Resolve(Connection{Name: "work", Provider: "intuit", Vars: map[string]string{"api": given}})
			if err != nil && !strings.HasPrefix(err.Error(), want) || err == nil && !strings.HasPrefix(e.API.Base, want) {
				t.Errorf("%v %s, want %s", err, e.API.Base, want)
			}
		})
	}
}

func TestConnectionsAlikeShareOneEntry(t *testing.T) {
	catalogue := withOwnEntries(t)
	plain := Connection{Name: "a", Provider: "gitlab", ClientID: "one", Vars: map[string]string{"host": "git.example.org"}}
	resolve := func(change func(*Connection)) *Entry {
		conn := plain
		change(&conn)
		e, err := catalogue.Resolve(conn)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := resolve(func(*Connection) {})
	if e := resolve(func(c *Connection) { c.Name, c.Scopes, c.Remote = "b", []string{"api"}, true }); e != first {
		t.Error("two that differ in what no entry depends on have an entry each")
	}
	for what, change := range map[string]func(*Connection){
		"provider":  func(c *Connection) { c.Provider = "gitea" },
		"client id": func(c *Connection) { c.ClientID = "two" },
		"variables": func(c *Connection) { c.Vars = map[string]string{"host": "other.example.org"} },
		"server":    func(c *Connection) { c.MCP = "https://mcp.example.org/mcp" },
		"override":  func(c *Connection) { c.Override = map[string]any{"name": "Ours"} },
	} {
		t.Run(what, func(t *testing.T) {
			if e := resolve(change); e == first {
				t.Error("the other one's entry is shared")
			}
		})
	}
	if e := resolve(func(*Connection) {}); e != first || e.Name != "GitLab" {
		t.Errorf("afterwards %q", e.Name)
	}
}
