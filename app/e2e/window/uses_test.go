//go:build desktop && linux

package window

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/tools/mcp/mcptest"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// TestUseItWritesTheEntry: one click shows what an AI client is told, the next writes it
// beside what stands there, as `authtray setup mcp` does in a terminal.
func TestUseItWritesTheEntry(t *testing.T) {
	t.Parallel()
	provider := practicetest.Start(t, server.Options{})
	s, p, asked := open(t, "uses")
	entries := filepath.Join(s.home, ".cursor", "mcp.json")
	write(t, entries, `{"mcpServers": {"other": {"command": "other"}}}`)
	s.form("mcp")
	s.types(mcptest.Start(t, provider.Issuer))
	s.keys("Return")
	s.until("the browser is asked to open the page", func() bool { return len(asked()) == 1 })
	agree(t, asked()[0], "ada")
	s.until("it is connected", func() bool { return s.state(p, "mcp") == "connected" })
	s.keys("Return")
	s.shot("01-details")
	s.does("xdotool", "mousemove", "--sync", "--window", s.the(title), "734", "479", "click", "1") // cursor
	s.shot("02-lines")
	if before := read(t, entries); strings.Contains(before, "authtray") {
		t.Errorf("written before anybody said so: %s", before)
	}
	s.keys("Return") // Write has the focus
	s.until("the entry is written", func() bool { return strings.Contains(read(t, entries), "authtray") })
	s.shot("03-written")
	var all struct {
		MCPServers map[string]struct {
			Command string
			Args    []string
		}
	}
	if err := json.Unmarshal([]byte(read(t, entries)), &all); err != nil {
		t.Fatal(err)
	}
	entry := all.MCPServers["mcp"]
	if len(all.MCPServers) != 2 || all.MCPServers["other"].Command != "other" || filepath.Base(entry.Command) != "authtray" || !slices.Equal(entry.Args, []string{"mcp", "mcp"}) {
		t.Errorf("the file is %+v", all)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
