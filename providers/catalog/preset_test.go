package catalog

import "testing"

func TestPresetOfAnMCPServerNeedsNoURL(t *testing.T) {
	c, _ := LoadCatalogue("")
	e, err := c.Resolve(Connection{Name: "work", Provider: "mcp-sentry"})
	if err != nil || e.MCP != "https://mcp.sentry.dev/mcp" || e.API.Base != e.MCP || e.Name != "Sentry MCP server" {
		t.Errorf("%v: %s, API %s, called %s", err, e.MCP, e.API.Base, e.Name)
	}
	e, err = c.Resolve(Connection{Name: "work", Provider: "mcp-sentry", MCP: "https://mcp.example.org/mcp"})
	if err != nil || e.API.Base != "https://mcp.example.org/mcp" || e.Name != "mcp.example.org" {
		t.Errorf("the connection's own URL: %v: API %s, called %s", err, e.API.Base, e.Name)
	}
}

// PagerDuty's server names itself as the issuer, and the document there is of another.
func TestPresetOfAnMCPServerNamesTheIssuerOfThatServerOnly(t *testing.T) {
	const issuer = "https://app.pagerduty.com/global/oauth/anonymous"
	c, _ := LoadCatalogue("")
	for name, tt := range map[string]struct {
		conn Connection
		want string
	}{
		"the preset's server":             {Connection{}, issuer},
		"the same, named":                 {Connection{MCP: "https://mcp.pagerduty.com/mcp"}, issuer},
		"another server":                  {Connection{MCP: "https://mcp.example.org/mcp"}, ""},
		"another server and its issuer":   {Connection{MCP: "https://mcp.example.org/mcp", Override: map[string]any{"issuer": "https://login.example.org"}}, "https://login.example.org"},
		"an issuer of the user's choice":  {Connection{Override: map[string]any{"issuer": "https://login.example.org"}}, "https://login.example.org"},
		"a preset that leaves it to them": {Connection{Provider: "mcp-sentry"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			conn := tt.conn
			conn.Name = "work"
			if conn.Provider == "" {
				conn.Provider = "mcp-pagerduty"
			}
			if e, err := c.Resolve(conn); err != nil || e.Issuer != tt.want {
				t.Errorf("%v: issuer %q, want %q", err, e.Issuer, tt.want)
			}
		})
	}
}

func TestIssuerOfAClientIsFilledIn(t *testing.T) {
	c, _ := LoadCatalogue("")
	for client, want := range map[string]string{"authtray": "authtray", "a/b?c": "a%2Fb%3Fc"} {
		t.Run(client, func(t *testing.T) {
			e, err := c.Resolve(Connection{Name: "work", Provider: "kanidm", ClientID: client, Vars: map[string]string{"host": "idm.example.org"}})
			if err != nil || e.Issuer != "https://idm.example.org/oauth2/openid/"+want {
				t.Errorf("%v: %s", err, e.Issuer)
			}
		})
	}
}

func TestPresetsDifferFromWhatTheyExtend(t *testing.T) {
	for _, tt := range []struct{ id, got, want string }{
		{"github-enterprise", ours(t, "github-enterprise").API.Base, "https://{host}/api/v3"},
		{"ghe-com", ours(t, "ghe-com").API.Base, "https://api.{subdomain}.ghe.com"},
		{"azure-devops", ours(t, "azure-devops").Token, ours(t, "microsoft").Token},
		{"gmail", ours(t, "gmail").API.Base, "https://gmail.googleapis.com/gmail/v1"},
		{"outlook-mail", ours(t, "outlook-mail").API.Base, ""},
		{"okta-custom", ours(t, "okta-custom").API.Base, ""},
		{"slack-web", ours(t, "slack-web").Client.Secret, "required"},
	} {
		t.Run(tt.id, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("%q, want %q", tt.got, tt.want)
			}
		})
	}
}
