package cli

import (
	"bytes"
	"testing"

	"github.com/authtray/authtray/tokens"
)

func TestConnectedSaysAsWhomWhereThatIsKnown(t *testing.T) {
	for _, row := range []struct{ name, account, want string }{
		{"an account", "ada", "Connected as ada.\n"},
		{"nobody", "", "Connected.\n"},
		{"a server that stands for its account", "localhost:3000", "Connected to localhost:3000.\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var out bytes.Buffer
			c := &connecting{shell: &shell{out: &out}}
			if err := c.connected(tokens.Status{Name: "docs", ProviderName: "MCP server localhost:3000", Account: row.account}); err != nil || out.String() != row.want {
				t.Errorf("%q, %v; want %q", out.String(), err, row.want)
			}
		})
	}
}
