package catalog

import (
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/authtray/authtray/providers/name"
)

// Connection is one connection file: an account of the user's at a provider.
// Its NAME is the file's name and is not part of the file. Secrets are not part
// of it either: a client secret lives in the keychain.
type Connection struct {
	Name     string            `toml:"-" json:"name,omitempty"`
	Provider string            `toml:"provider" json:"provider"`
	ClientID string            `toml:"client_id,omitempty" json:"client_id,omitempty"`
	Scopes   []string          `toml:"scopes,omitempty" json:"scopes,omitempty"` // instead of the entry's default scopes
	Vars     map[string]string `toml:"vars,omitempty" json:"vars,omitempty"`     // the entry's template variables
	Hosts    []string          `toml:"hosts,omitempty" json:"hosts,omitempty"`   // hosts this connection answers for (git, docker, …), "git.example.org/team" for a part of one; default from the entry
	CAFile   string            `toml:"ca_file,omitempty" json:"ca_file,omitempty"`
	Refresh  string            `toml:"refresh,omitempty" json:"refresh,omitempty"`   // "timer" or "on-demand" ["timer"]
	MCP      string            `toml:"mcp,omitempty" json:"mcp,omitempty"`           // URL of the MCP server (provider "mcp")
	Resource string            `toml:"resource,omitempty" json:"resource,omitempty"` // RFC 8707 resource, in every request

	Probe       string `toml:"probe,omitempty" json:"probe,omitempty"`                 // "on", "off": ask whoami now and then [the entry's default]
	Ask         bool   `toml:"ask,omitempty" json:"ask,omitempty"`                     // a new program's first read is asked for
	Remote      bool   `toml:"remote,omitempty" json:"remote,omitempty"`               // served on the token-only socket too
	KeepIDToken bool   `toml:"keep_id_token,omitempty" json:"keep_id_token,omitempty"` // keep the ID token (AWS)

	Tools ToolPolicy `toml:"mcp_tools,omitempty" json:"mcp_tools,omitzero"` // what AI clients may do through the bridge

	Override map[string]any `toml:"override,omitempty" json:"override,omitempty"` // any field of the entry, nested as there
}

// ToolPolicy binds the bridge `authtray mcp` on this machine, and nobody else.
type ToolPolicy struct {
	Deny  []string `toml:"deny,omitempty" json:"deny,omitempty"`   // names of tools that are not called, "delete_*"
	Ask   []string `toml:"ask,omitempty" json:"ask,omitempty"`     // names of tools that are asked for before each call
	Scope []string `toml:"scope,omitempty" json:"scope,omitempty"` // tokens for these scopes alone
}

// isBadPattern: a name with * and ? and character classes, as path.Match has them.
func isBadPattern(s string) bool {
	_, err := path.Match(s, "")
	return err != nil || s == ""
}

// ParseConnection reads a connection's file, strictly. called is the connection's,
// and data the content of NAME.toml. The error is a *FileError that says what to
// do; it never holds a value from the file.
func ParseConnection(called string, data []byte) (Connection, error) {
	file := called + ".toml"
	if !name.Valid(called) {
		return Connection{}, &FileError{File: file, Problem: "a connection's name must be " + name.Rule}
	}
	f, err := readTOML(file, data)
	if err != nil {
		return Connection{}, err
	}
	for _, p := range secretKeys(f.table, "") {
		return Connection{}, f.at(p)
	}
	c := Connection{Name: called}
	if err := overlay(&c, f.table); err != nil {
		return Connection{}, f.at(err)
	}
	if err := c.Check(); err != nil {
		return Connection{}, f.at(err)
	}
	return c, nil
}

// MarshalConnection writes a connection as its file holds it.
func MarshalConnection(c Connection) ([]byte, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return toml.Marshal(c)
}

// Check says what is wrong with a connection, wherever it came from. It does not
// know the catalogue: Catalogue.Client finds the rest.
func (c Connection) Check() error {
	for _, p := range secretKeys(map[string]any{"override": c.Override}, "") {
		return p
	}
	for _, p := range c.problems() {
		return p
	}
	return c.checkOverride()
}

func (c Connection) problems() (list []problem) {
	add := func(bad bool, path, text string) {
		if bad {
			list = append(list, problem{path, text})
		}
	}
	add(c.Name != "" && !name.Valid(c.Name), "name", "must be "+name.Rule)
	add(c.Provider == "" && c.MCP == "", "provider", "is missing; `authtray providers` lists them")
	add(c.Provider != "" && !name.Valid(c.Provider), "provider", "must be a provider's id; `authtray providers` lists them")
	add(c.Refresh != "" && c.Refresh != "timer" && c.Refresh != "on-demand", "refresh", `must be "timer" or "on-demand"`)
	add(c.Probe != "" && c.Probe != "on" && c.Probe != "off", "probe", `must be "on" or "off"`)
	add(c.MCP != "" && urlProblem(c.MCP) != "", "mcp", urlProblem(c.MCP))
	add(c.Resource != "" && !isResource(c.Resource), "resource", "must be an absolute URI without a fragment")
	add(strings.ContainsAny(c.ClientID, " \t\r\n\x00"), "client_id", "must not hold spaces")
	add(slices.ContainsFunc(c.Scopes, IsBadScope), "scopes", "must be a list of scopes, each without spaces")
	add(c.CAFile != "" && !filepath.IsAbs(c.CAFile), "ca_file", "must be an absolute path")
	add(slices.ContainsFunc(slices.Concat(c.Tools.Deny, c.Tools.Ask), isBadPattern), "mcp_tools", "must list names of tools, such as delete_*")
	add(slices.ContainsFunc(c.Tools.Scope, IsBadScope), "mcp_tools.scope", "must be a list of scopes, each without spaces")
	add(slices.ContainsFunc(c.Hosts, isBadHost), "hosts", "must be host names, such as git.example.org, with a path where it is to decide: git.example.org/team")
	return list
}

func isResource(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && u.Fragment == "" && u.User == nil
}

// IsBadScope reports whether s cannot be a scope (RFC 6749 §3.3).
func IsBadScope(s string) bool {
	return s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r >= 0x7f })
}

// isBadHost reports whether s may not stand under a connection's hosts. Package
// app/tools/hosts says what each form means.
func isBadHost(s string) bool {
	host, path, hasPath := strings.Cut(strings.TrimPrefix(s, "*."), "/")
	return !patterns["hostname"]().MatchString(host) || hasPath && !patterns["path"]().MatchString(path)
}

// checkOverride: every name under [override] must be a field of an entry, and
// hold no credential.
func (c Connection) checkOverride() error {
	var e Entry
	if err := overlay(&e, c.Override); err != nil {
		return under("override", err)
	}
	for _, p := range slices.Concat(e.enumProblems(), e.ruleProblems(), e.secretProblems()) {
		return under("override", p)
	}
	return nil
}

func under(path string, err error) error {
	if p, ok := err.(problem); ok {
		return problem{join(path, p.path), p.text}
	}
	return err
}

// SetOverride adds "redirect.port" = "any" to a connection's override, as
// `--set redirect.port=any` does. "vars.host" sets a template variable instead.
func (c *Connection) SetOverride(field, value string) error {
	keys := strings.Split(field, ".")
	if keys[0] == "vars" && len(keys) == 2 {
		if c.Vars == nil {
			c.Vars = map[string]string{}
		}
		c.Vars[keys[1]] = value
		return nil
	}
	override := nest(c.Override, keys, value)
	changed := Connection{Provider: c.Provider, MCP: c.MCP, Override: override}
	if changed.Provider == "" {
		changed.Provider = "oidc"
	}
	if err := changed.Check(); err != nil {
		return err
	}
	c.Override = override
	return nil
}

// nest returns a copy of a table with one value set, any depth down.
func nest(table map[string]any, keys []string, value any) map[string]any {
	out := make(map[string]any, len(table)+1)
	for k, v := range table {
		out[k] = v
	}
	if len(keys) == 1 {
		out[keys[0]] = value
		return out
	}
	inner, _ := out[keys[0]].(map[string]any)
	out[keys[0]] = nest(inner, keys[1:], value)
	return out
}
