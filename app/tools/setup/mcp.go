package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/authtray/authtray/app/shellquote"
)

// mcpClient is a program that starts MCP servers. What is said of each is from its
// own documentation.
type mcpClient struct {
	name  string
	entry func(p Plan, program string) []Step
}

var mcpClients = []mcpClient{
	{"claude-code", func(p Plan, program string) []Step { // code.claude.com/docs/en/mcp
		return []Step{mcpCommand{program: "claude", get: []string{"mcp", "get", p.Name}, undo: []string{"mcp", "remove", "--scope", "user", p.Name},
			add: append([]string{"mcp", "add", "--scope", "user", p.Name, "--"}, p.bridge(program)...)}}
	}},
	{"claude-desktop", func(p Plan, _ string) []Step { // modelcontextprotocol.io/docs/develop/connect-local-servers
		return p.jsonEntry(p.appData("Claude", "claude_desktop_config.json"), "mcpServers", "")
	}},
	{"cursor", func(p Plan, _ string) []Step { // cursor.com/docs/context/mcp
		return p.jsonEntry(filepath.Join(p.Home, ".cursor", "mcp.json"), "mcpServers", "")
	}},
	{"vscode", func(p Plan, _ string) []Step { // code.visualstudio.com/docs/agents/reference/mcp-configuration
		return p.jsonEntry(p.appData("Code", "User", "mcp.json"), "servers", "stdio")
	}},
	{"zed", func(p Plan, _ string) []Step { // zed.dev/docs/ai/mcp
		path := filepath.Join(p.env("XDG_CONFIG_HOME", filepath.Join(p.Home, ".config")), "zed", "settings.json")
		if runtime.GOOS == "windows" {
			path = p.appData("Zed", "settings.json")
		}
		return p.jsonEntry(path, "context_servers", "")
	}},
	{"goose", func(p Plan, _ string) []Step { // block.github.io/goose/docs/guides/config-files
		path := filepath.Join(p.Home, ".config", "goose", "config.yaml")
		if runtime.GOOS == "windows" {
			path = p.appData("Block", "goose", "config", "config.yaml")
		}
		return []Step{gooseExtension{path, p.Name, p.self()}}
	}},
	{"codex", func(p Plan, program string) []Step { // developers.openai.com/codex/mcp
		head := "[mcp_servers." + tomlKey(p.Name) + "]"
		return []Step{block{
			path:  filepath.Join(p.env("CODEX_HOME", filepath.Join(p.Home, ".codex")), "config.toml"),
			lines: []string{head, "command = " + quoted(program), `args = ["mcp", ` + quoted(p.Name) + "]"},
			about: head, mine: func(line string) bool {
				return line == head || line == "[mcp_servers."+quoted(p.Name)+"]"
			}}}
	}},
	{"opencode", func(p Plan, program string) []Step { // opencode.ai/docs/mcp-servers
		dir := filepath.Join(p.env("XDG_CONFIG_HOME", filepath.Join(p.Home, ".config")), "opencode")
		path := filepath.Join(dir, "opencode.json")
		if _, err := os.Stat(filepath.Join(dir, "opencode.jsonc")); err == nil {
			path = filepath.Join(dir, "opencode.jsonc")
		}
		return []Step{jsonMember{path, "mcp", p.Name, map[string]any{"type": "local", "command": p.bridge(program), "enabled": true}}}
	}},
	{"gemini", func(p Plan, _ string) []Step { // google-gemini.github.io/gemini-cli/docs/tools/mcp-server
		return p.jsonEntry(filepath.Join(p.Home, ".gemini", "settings.json"), "mcpServers", "")
	}},
}

// MCPClients are the clients that MCP knows.
func MCPClients() (names []string) {
	for _, c := range mcpClients {
		names = append(names, c.name)
	}
	return names
}

// MCP has an AI client start `authtray mcp NAME`.
func MCP(p Plan, client string) []Step {
	i := slices.IndexFunc(mcpClients, func(c mcpClient) bool { return c.name == client })
	if i < 0 {
		return nil
	}
	return mcpClients[i].entry(p, p.Program)
}

func (p Plan) bridge(program string) []string { return []string{program, "mcp", p.Name} }

// self is the program's whole path: applications that a desktop starts have a short
// PATH.
func (p Plan) self() string {
	if path, err := exec.LookPath(p.Program); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			return path
		}
	}
	return p.Program
}

// appData is a file of an application's own folder.
func (p Plan) appData(below ...string) string {
	base := p.env("XDG_CONFIG_HOME", filepath.Join(p.Home, ".config"))
	switch runtime.GOOS {
	case "windows":
		base = p.env("APPDATA", filepath.Join(p.Home, "AppData", "Roaming"))
	case "darwin":
		base = filepath.Join(p.Home, "Library", "Application Support")
	}
	return filepath.Join(append([]string{base}, below...)...)
}

func (p Plan) jsonEntry(path, object, kind string) []Step {
	value := map[string]any{"command": p.self(), "args": []string{"mcp", p.Name}}
	if kind != "" {
		value["type"] = kind
	}
	return []Step{jsonMember{path, object, p.Name, value}}
}

// tomlKey is a connection's name as a key; one with a dot is quoted.
func tomlKey(name string) string {
	if strings.Contains(name, ".") {
		return quoted(name)
	}
	return name
}

// jsonMember is one server in a client's JSON.
type jsonMember struct {
	path, object, name string
	value              map[string]any
}

// text is the value as it is written.
func (m jsonMember) text() string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(m.value) // strings, and lists of them
	return strings.TrimSpace(out.String())
}

func (m jsonMember) Lines() []string {
	return []string{"# in " + m.path + ":", fmt.Sprintf("{ %s: { %s: %s } }", quoted(m.object), quoted(m.name), m.text())}
}

func (m jsonMember) Write(context.Context) (bool, error) {
	text, _, err := current(m.path)
	if err != nil {
		return false, err
	}
	changed, has, err := addMember(string(text), m.object, m.name, m.text())
	switch {
	case err != nil:
		return false, clash("%s cannot be read as JSON, so it is left alone: %v", m.path, err)
	case has == "":
		return true, replace(m.path, changed)
	case m.standsAs(has):
		return false, nil
	}
	return false, clash("%s has a server %q in %s already, and otherwise: change it there, or take it out and run this again", m.path, m.name, m.object)
}

// standsAs: what else the user has added to the entry does not matter.
func (m jsonMember) standsAs(has string) bool {
	var is, want map[string]any
	if json.Unmarshal([]byte(has), &is) != nil || json.Unmarshal([]byte(m.text()), &want) != nil {
		return false
	}
	for key, value := range want {
		if !reflect.DeepEqual(is[key], value) && (key == "command" || key == "args") {
			return false
		}
	}
	return true
}

// mcpCommand is a client that keeps its servers by a command of its own: its file is
// written by it all the time.
type mcpCommand struct {
	program        string
	get, add, undo []string
}

func (m mcpCommand) Lines() []string {
	return typedLines(shellquote.Local(), append([]string{m.program}, m.add...)...)
}

func (m mcpCommand) Write(ctx context.Context) (bool, error) {
	if _, err := exec.LookPath(m.program); err != nil {
		return false, clash("%s is not in PATH; where it is, run: %s", m.program, m.Lines()[0])
	}
	if there, ours := m.state(ctx); ours {
		return false, nil
	} else if there {
		return false, clash("%s has a server of this name already, and otherwise: take it out and run this again", m.program)
	}
	_, err := output(ctx, append([]string{m.program}, m.add...)...)
	return err == nil, err
}

// state says whether the client has a server of this name, and whether it is this one.
func (m mcpCommand) state(ctx context.Context) (there, ours bool) {
	out, err := output(ctx, append([]string{m.program}, m.get...)...)
	return err == nil, err == nil && strings.Contains(out, strings.Join(m.add[len(m.add)-2:], " "))
}

// gooseExtension is one extension in goose's YAML.
type gooseExtension struct{ path, name, program string }

func (g gooseExtension) lines() []string {
	return []string{"extensions:", "  " + g.name + ":", "    enabled: true", "    type: stdio", "    name: " + g.name,
		"    cmd: " + quoted(g.program), "    args: [mcp, " + quoted(g.name) + "]", "    timeout: 300"}
}

func (g gooseExtension) Lines() []string {
	return append([]string{"# in " + g.path + ":"}, g.lines()...)
}

func (g gooseExtension) Write(context.Context) (bool, error) {
	data, _, err := current(g.path)
	if err != nil {
		return false, err
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "extensions:") })
	if at < 0 {
		return true, replace(g.path, join(string(data), g.lines()))
	}
	if lines[at] != "extensions:" {
		return false, clash("extensions in %s are written in another way than goose writes them; add these lines by hand: authtray setup mcp %s --client goose", g.path, g.name)
	}
	indent, found := g.find(lines, at)
	if found > 0 {
		return false, g.same(lines[found+1:])
	}
	var ours []string
	for _, l := range g.lines()[1:] {
		body := strings.TrimLeft(l, " ")
		ours = append(ours, strings.Repeat(indent, (len(l)-len(body))/2)+body)
	}
	return true, replace(g.path, strings.Join(slices.Insert(lines, at+1, ours...), "\n")+"\n")
}

// find is how extensions are indented, and the line at which this one begins; 0: there
// is none.
func (g gooseExtension) find(lines []string, at int) (indent string, found int) {
	indent = "  "
	for _, l := range lines[at+1:] {
		body := strings.TrimLeft(l, " ")
		if body == "" || body[0] == '#' {
			continue
		}
		if len(body) < len(l) {
			indent = l[:len(l)-len(body)]
		}
		break
	}
	for i := at + 1; i < len(lines); i++ {
		if l := lines[i]; l != "" && l[0] != ' ' && l[0] != '#' {
			break
		}
		if lines[i] == indent+g.name+":" || lines[i] == indent+quoted(g.name)+":" {
			return indent, i
		}
	}
	return indent, 0
}

// same is nil where the extension that is there is this one.
func (g gooseExtension) same(rest []string) error {
	for _, l := range rest {
		if strings.TrimSpace(l) == "cmd: "+quoted(g.program) || strings.TrimSpace(l) == "cmd: "+g.program {
			return nil
		}
		if body := strings.TrimLeft(l, " "); body != "" && len(l)-len(body) < 3 {
			break
		}
	}
	return clash("%s has an extension %q already, and otherwise: change it there, or take it out and run this again", g.path, g.name)
}
