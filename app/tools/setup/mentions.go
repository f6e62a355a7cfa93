package setup

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Mention is a file of a tool's configuration that has the tool ask authtray for a
// connection.
type Mention struct {
	Tool string // as in authtray setup TOOL
	Path string
}

// Mentions finds what still points to a connection: its name, or one of its hosts,
// near the word authtray, in the files that Steps are written to. It may find too
// much, and nothing is changed for it.
func Mentions(p Plan) (found []Mention) {
	for _, f := range p.files() {
		if text, err := readMention(f.Path); err == nil && p.mentionedIn(text) {
			found = append(found, f)
		}
	}
	return found
}

func (p Plan) files() []Mention {
	xdg := p.env("XDG_CONFIG_HOME", filepath.Join(p.Home, ".config"))
	all := []Mention{
		{"git", p.env("GIT_CONFIG_GLOBAL", filepath.Join(p.Home, ".gitconfig"))}, {"git", filepath.Join(xdg, "git", "config")},
		{"docker", filepath.Join(p.env("DOCKER_CONFIG", filepath.Join(p.Home, ".docker")), "config.json")},
		{"aws", p.env("AWS_CONFIG_FILE", filepath.Join(p.Home, ".aws", "config"))},
		{"goauth", p.env("GOENV", filepath.Join(xdg, "go", "env"))},
		{"npm", p.env("NPM_CONFIG_USERCONFIG", filepath.Join(p.Home, ".npmrc"))},
		{"msmtp", p.env("MSMTP_CONFIG", filepath.Join(p.Home, ".msmtprc"))},
		{"mbsync", filepath.Join(p.Home, ".mbsyncrc")},
		{"mcp", filepath.Join(p.Home, ".claude.json")}, // where `claude mcp add` writes
	}
	for _, path := range filepath.SplitList(p.env("KUBECONFIG", filepath.Join(p.Home, ".kube", "config"))) {
		all = append(all, Mention{"kubectl", path})
	}
	for _, name := range MCPClients() {
		for _, step := range MCP(p, name) {
			switch s := step.(type) {
			case jsonMember:
				all = append(all, Mention{"mcp", s.path})
			case block:
				all = append(all, Mention{"mcp", s.path})
			case gooseExtension:
				all = append(all, Mention{"mcp", s.path})
			}
		}
	}
	return all
}

// readMention reads a file of another program's, up to a megabyte.
func readMention(path string) (string, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", os.ErrNotExist
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	return string(text), err
}

// nearby is how far from the word authtray a name or a host is looked for.
const nearby = 200

func (p Plan) mentionedIn(text string) bool {
	words := []string{p.Name}
	for _, pattern := range p.Hosts {
		words = append(words, hostOf(pattern))
	}
	for at := 0; ; {
		i := strings.Index(text[at:], "authtray")
		if i < 0 {
			return false
		}
		at += i
		window := text[max(0, at-nearby):min(len(text), at+nearby)]
		for _, w := range words {
			if hasWord(window, w) {
				return true
			}
		}
		at += len("authtray")
	}
}

// hasWord reports whether a text holds a name that is not a part of a longer one;
// authtray-NAME is what Steps call users and profiles.
func hasWord(text, word string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(word)
		before := strings.TrimSuffix(text[:start], "authtray-")
		if !endsInName(before) && (end == len(text) || !isNameByte(text[end])) {
			return true
		}
		at = end
	}
}

func endsInName(text string) bool { return text != "" && isNameByte(text[len(text)-1]) }

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}
