//go:build desktop && linux

package window

import (
	"encoding/json"
	"fmt"
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
	s.leavesNothing(p, entries)
}

// leavesNothing takes everything of the user's away while the window is open, which
// keeps its size where the rest goes.
func (s *screen) leavesNothing(p programs, entries string) {
	s.Helper()
	window := s.pidOf(s.the(title))
	s.does(p.authtray, "purge", "--yes")
	if left := s.windows(title); len(left) > 0 {
		s.Errorf("the window stays open")
	}
	s.until("its process has ended", func() bool { return !exists(fmt.Sprintf("/proc/%d/exe", window)) })
	for _, folder := range []string{"config/authtray", "state/authtray", "config/fyne/authtray", "cache/fyne/authtray"} {
		if exists(filepath.Join(s.home, folder)) {
			s.Errorf("%s is still there", folder)
		}
	}
	if strings.Contains(read(s.T, entries), "authtray") {
		s.Errorf("a client is still told of authtray")
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
