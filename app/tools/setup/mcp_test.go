package setup

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestMembersAreAddedAndEveryOtherByteStays(t *testing.T) {
	const value = `{"command":"authtray"}`
	for _, c := range []struct{ name, before, after string }{
		{"no file", "", "{\n  \"mcpServers\": {\n    \"notes\": {\"command\":\"authtray\"}\n  }\n}\n"},
		{"an empty object", "{}", "{\n  \"mcpServers\": {\n    \"notes\": {\"command\":\"authtray\"}\n  }\n}"},
		{"another member", `{"a":1}`, "{\n  \"mcpServers\": {\n    \"notes\": {\"command\":\"authtray\"}\n  },\"a\":1}"},
		{"no servers", "{\n  \"mcpServers\": {}\n}\n", "{\n  \"mcpServers\": {\n    \"notes\": {\"command\":\"authtray\"}\n  }\n}\n"},
		{"another server, comments and a trailing comma", "// mine\n{\n  /* { */ \"mcpServers\": { // \"notes\": {}\n    \"x\": {\"command\": \"a\\\"}\"},\n  },\n}\n",
			"// mine\n{\n  /* { */ \"mcpServers\": {\n    \"notes\": {\"command\":\"authtray\"}, // \"notes\": {}\n    \"x\": {\"command\": \"a\\\"}\"},\n  },\n}\n"},
		{"the name elsewhere", `{"other":{"notes":{}},"mcpServers":{"x":{"notes":1}}}`, "{\"other\":{\"notes\":{}},\"mcpServers\":{\n    \"notes\": {\"command\":\"authtray\"},\"x\":{\"notes\":1}}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, has, err := addMember(c.before, "mcpServers", "notes", value)
			if got != c.after || has != "" || err != nil {
				t.Errorf("%q, %q, %v", got, has, err)
			}
			var v any
			if err := json.Unmarshal([]byte(plain(got)), &v); err != nil {
				t.Errorf("what was written is no JSON: %v: %s", err, plain(got))
			}
			again, has, err := addMember(got, "mcpServers", "notes", value)
			if again != got || has != value || err != nil {
				t.Errorf("again: %q, %q, %v", again, has, err)
			}
		})
	}
}

func TestWhatIsNoJSONIsLeftAlone(t *testing.T) {
	for _, text := range []string{"[]", "{", `{"a"}`, `{"a":}`, `{"mcpServers":[]}`, `{"mcpServers":{`, `{"a":1} x`, `{"a":"`, "/* {}", `{"mcpServers":1}`, "\x00", `{"a":1 /`, `{a:1}`} {
		if got, has, err := addMember(text, "mcpServers", "notes", "{}"); err == nil {
			t.Errorf("%q: %q, %q", text, got, has)
		}
	}
}

func FuzzAddMember(f *testing.F) {
	f.Add(`{"mcpServers":{"a":{}} // x` + "\n}")
	f.Fuzz(func(t *testing.T, text string) {
		got, has, err := addMember(text, "mcpServers", "notes", `{}`)
		if err != nil || has != "" {
			return
		}
		if _, again, err := addMember(got, "mcpServers", "notes", `{}`); err != nil || again != "{}" {
			t.Errorf("%q became %q: %q, %v", text, got, again, err)
		}
	})
}

// mcpPlan is for a home of its own.
func mcpPlan(t *testing.T) Plan {
	return Plan{Program: "/opt/authtray", Name: "notes", Home: t.TempDir(), Env: func(string) string { return "" }}
}

// fileOf is the one file that an entry is written to.
func fileOf(t *testing.T, home string) (path, text string) {
	t.Helper()
	filepath.WalkDir(home, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			path = p
		}
		return nil
	})
	return path, read(t, path)
}

func TestMCPEntryIsWrittenOnceAndAnothersIsKept(t *testing.T) {
	for _, client := range MCPClients() {
		if client == "claude-code" {
			continue // it keeps its file by a command, which is tried in app/e2e/tools
		}
		t.Run(client, func(t *testing.T) {
			p := mcpPlan(t)
			step := MCP(p, client)[0]
			if changed, err := step.Write(t.Context()); !changed || err != nil {
				t.Fatal(changed, err)
			}
			path, text := fileOf(t, p.Home)
			if !strings.Contains(text, "authtray") || !strings.Contains(text, "notes") {
				t.Errorf("%s holds %q", path, text)
			}
			if changed, err := MCP(p, client)[0].Write(t.Context()); changed || err != nil {
				t.Errorf("the second time: %v, %v", changed, err)
			}
			// Another one's entry of that name stands in the way, and stays.
			theirs := strings.ReplaceAll(text, "/opt/authtray", "/opt/other")
			write(t, path, theirs)
			if changed, err := MCP(p, client)[0].Write(t.Context()); changed || !isClash(err) || read(t, path) != theirs {
				t.Errorf("over another's: %v, %v, %q", changed, err, read(t, path))
			}
			// One of another name stays too.
			p.Name = "more"
			if changed, err := MCP(p, client)[0].Write(t.Context()); !changed || err != nil {
				t.Errorf("a second one: %v, %v", changed, err)
			}
			if now := read(t, path); !strings.Contains(now, "/opt/other") || !strings.Contains(now, "more") {
				t.Errorf("with a second one it holds %q", now)
			}
		})
	}
}

func TestCodexEntryIsTOML(t *testing.T) {
	p := mcpPlan(t)
	p.Name = "work.notes-2"
	if _, err := MCP(p, "codex")[0].Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, text := fileOf(t, p.Home)
	var file struct {
		Servers map[string]struct {
			Command string
			Args    []string
		} `toml:"mcp_servers"`
	}
	if err := toml.Unmarshal([]byte(text), &file); err != nil || file.Servers["work.notes-2"].Args[1] != "work.notes-2" {
		t.Errorf("%+v, %v: %s", file, err, text)
	}
}

func TestGooseExtensionIsPutAmongTheOthers(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"others", "GOOSE_MODEL: x\nextensions:\n  developer:\n    enabled: true\nother: 1\n",
			"GOOSE_MODEL: x\nextensions:\n  notes:\n    enabled: true\n    type: stdio\n    name: notes\n    cmd: \"/opt/authtray\"\n    args: [mcp, \"notes\"]\n    timeout: 300\n  developer:\n    enabled: true\nother: 1\n"},
		{"another indent", "extensions:\n    developer:\n        enabled: true\n",
			"extensions:\n    notes:\n        enabled: true\n        type: stdio\n        name: notes\n        cmd: \"/opt/authtray\"\n        args: [mcp, \"notes\"]\n        timeout: 300\n    developer:\n        enabled: true\n"},
		{"none", "a: 1\n", "a: 1\n\nextensions:\n  notes:\n    enabled: true\n    type: stdio\n    name: notes\n    cmd: \"/opt/authtray\"\n    args: [mcp, \"notes\"]\n    timeout: 300\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			write(t, path, c.before)
			changed, err := gooseExtension{path, "notes", "/opt/authtray"}.Write(t.Context())
			if got := read(t, path); got != c.after || !changed || err != nil {
				t.Errorf("%q, %v, %v", got, changed, err)
			}
		})
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, "extensions: {developer: {enabled: true}}\n")
	if _, err := (gooseExtension{path, "notes", "x"}).Write(t.Context()); !isClash(err) {
		t.Errorf("extensions on one line: %v", err)
	}
}

func TestMembersAreTakenOutAndEveryOtherByteStays(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"the only one", "{\n  \"mcpServers\": {\n    \"notes\": {}\n  }\n}\n", "{\n  \"mcpServers\": {\n  }\n}\n"},
		{"on one line", `{"mcpServers":{"notes":{}}}`, `{"mcpServers":{}}`},
		{"the first", `{"mcpServers":{"notes":{}, "x":{}}}`, `{"mcpServers":{ "x":{}}}`},
		{"between", "{\"mcpServers\":{\n\"a\":{},\n\"notes\":{},\n\"x\":{}\n}}", "{\"mcpServers\":{\n\"a\":{},\n\"x\":{}\n}}"},
		{"the last", "{\"mcpServers\":{\n  \"a\":{}, // , mine\n  \"notes\":{}\n}}", "{\"mcpServers\":{\n  \"a\":{} // , mine\n}}"},
		{"the last, and a trailing comma", "{\"mcpServers\":{\n  \"a\":{},\n  \"notes\":{},\n}}", "{\"mcpServers\":{\n  \"a\":{},\n}}"},
		{"Windows' ends of lines", "{\"mcpServers\":{\r\n  \"a\":{},\r\n  \"notes\":{}\r\n}}", "{\"mcpServers\":{\r\n  \"a\":{}\r\n}}"},
		{"the name elsewhere", `{"notes":{},"mcpServers":{"x":{"notes":1}}}`, `{"notes":{},"mcpServers":{"x":{"notes":1}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _, err := removeMember(c.before, "mcpServers", "notes")
			if got != c.after || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			var v any
			if err := json.Unmarshal([]byte(plain(got)), &v); err != nil {
				t.Errorf("what is left is no JSON: %v: %s", err, got)
			}
		})
	}
}

func FuzzRemoveMember(f *testing.F) {
	f.Add(`{"mcpServers":{"a":{},"notes":{} // x` + "\n}}")
	f.Fuzz(func(t *testing.T, text string) {
		got, has, err := removeMember(text, "mcpServers", "notes")
		if err != nil || has == "" {
			return
		}
		if _, _, err := removeMember(got, "mcpServers", "notes"); err != nil {
			t.Errorf("%q became %q: %v", text, got, err)
		}
	})
}

func TestMCPEntryIsTakenOutAndAnothersStays(t *testing.T) {
	for _, client := range MCPClients() {
		if client == "claude-code" {
			continue // it keeps its file by a command, which is tried in app/e2e/tools
		}
		t.Run(client, func(t *testing.T) {
			p := mcpPlan(t)
			remove := func() (int, error) { return Remove(t.Context(), MCP(p, client)) }
			if n, err := remove(); n != 0 || err != nil {
				t.Errorf("where there is no file: %d, %v", n, err)
			}
			if _, err := MCP(p, client)[0].Write(t.Context()); err != nil {
				t.Fatal(err)
			}
			path, _ := fileOf(t, p.Home)
			if n, err := remove(); n != 1 || err != nil {
				t.Errorf("where there is no other: %d, %v", n, err)
			}
			if _, err := os.Lstat(path); !os.IsNotExist(err) {
				t.Errorf("a file in which nothing is was left: %q", read(t, path))
			}
			os.Remove(path)
			p.Name = "theirs"
			if _, err := MCP(p, client)[0].Write(t.Context()); err != nil {
				t.Fatal(err)
			}
			path, before := fileOf(t, p.Home)
			p.Name = "notes"
			if n, err := remove(); n != 0 || err != nil {
				t.Errorf("where there is another's: %d, %v", n, err)
			}
			if _, err := MCP(p, client)[0].Write(t.Context()); err != nil {
				t.Fatal(err)
			}
			with := read(t, path)
			if n, err := remove(); n != 1 || err != nil || read(t, path) != before {
				t.Errorf("%d, %v, %q became %q, want %q", n, err, with, read(t, path), before)
			}
			changed := strings.ReplaceAll(with, "/opt/authtray", "/opt/other")
			write(t, path, changed)
			if n, err := remove(); n != 0 || !isClash(err) || read(t, path) != changed {
				t.Errorf("one that was changed: %d, %v, %q", n, err, read(t, path))
			}
		})
	}
}
