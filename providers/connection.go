package providers

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

	Override map[string]any `toml:"override,omitempty" json:"override,omitempty"` // any field of the entry, nested as there
}
