package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/authtray/authtray/tokens"
)

func TestConnectedSaysAsWhomWhereThatIsKnown(t *testing.T) {
	for _, row := range []struct{ name, provider, account, want string }{
		{"an account", "MCP server localhost:3000", "ada", "Connected as ada.\n"},
		{"nobody", "MCP server localhost:3000", "", "Connected.\n"},
		{"a server that stands for its account", "MCP server localhost:3000", "localhost:3000", "Connected to localhost:3000.\n"},
		{"a server that is called by its host", "mcp.example.org", "mcp.example.org", "Connected to mcp.example.org.\n"},
		{"a user who is called as the provider's name ends", "GitHub", "Hub", "Connected as Hub.\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			c := &connecting{shell: &shell{out: &out}}
			if err := c.connected(tokens.Status{Name: "docs", ProviderName: row.provider, Account: row.account}); err != nil || out.String() != row.want {
				t.Errorf("%q, %v; want %q", out.String(), err, row.want)
			}
		})
	}
}

// What is amiss with a sign-in that worked is said at once, and not only by status: that
// it brought nothing to renew the token with, that it could not be kept.
func TestConnectedSaysWhatIsAmiss(t *testing.T) {
	var out, err bytes.Buffer
	c := &connecting{shell: &shell{out: &out, err: &err}}
	st := tokens.Status{Name: "work", Account: "ada", State: tokens.Connected, Unsaved: true, Detail: "The token is too large for the keychain.", Note: "Acme gave no refresh token."}
	if e := c.connected(st); e != nil || out.String() != "Connected as ada.\n" {
		t.Errorf("%q, %v", out.String(), e)
	}
	for _, want := range []string{st.Detail, st.Note} {
		if !strings.Contains(err.String(), want) {
			t.Errorf("%q does not say %q", err.String(), want)
		}
	}
}
