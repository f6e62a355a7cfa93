package setup

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Whatever a tool was set up with is found again, and not taken for another
// connection's.
func TestMentionsFindsWhatStepsWrote(t *testing.T) {
	steps := map[string]func(p Plan) []Step{
		"git": Git, "docker": Docker, "kubectl": func(p Plan) []Step { return Kubectl(p, false) },
		"aws": func(p Plan) []Step { return AWS(p, []string{"--role-arn", "arn:aws:iam::123456789012:role/Dev"}) },
		"msmtp": func(p Plan) []Step {
			return Msmtp(p, Mailbox{Address: "a@example.org", Host: "smtp.example.org", Port: 587})
		},
		"mbsync": func(p Plan) []Step {
			return Mbsync(p, Mailbox{Address: "a@example.org", Host: "imap.example.org", Port: 993})
		},
	}
	for _, client := range MCPClients() {
		steps["mcp "+client] = func(p Plan) []Step { return MCP(p, client) }
	}
	for tool, of := range steps {
		t.Run(tool, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			t.Setenv("AppData", home+"/AppData")
			helper := filepath.Join(home, "docker-credential-authtray")
			if runtime.GOOS == "windows" {
				helper += ".exe"
			}
			if err := os.WriteFile(helper, nil, 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", home+string(os.PathListSeparator)+os.Getenv("PATH"))
			if _, err := exec.LookPath("git"); tool == "git" && err != nil {
				t.Skip(err)
			}
			for _, name := range []string{"XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "KUBECONFIG", "DOCKER_CONFIG", "AWS_CONFIG_FILE", "CODEX_HOME", "MSMTP_CONFIG"} {
				t.Setenv(name, "")
				os.Unsetenv(name)
			}
			p := Plan{Program: "authtray", Name: "work", Hosts: []string{"git.example.org"}, Home: home, Env: os.Getenv}
			if found := Mentions(p); len(found) > 0 {
				t.Fatalf("in an empty home: %v", found)
			}
			for _, step := range of(p) {
				if c, ok := step.(command); ok {
					if _, err := exec.LookPath(c.argv[0]); err != nil {
						t.Skip(err)
					}
				}
				if _, ok := step.(mcpCommand); ok {
					return // the program writes its file itself
				}
				if _, err := step.Write(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			found := Mentions(p)
			if len(found) != 1 || found[0].Tool != tool && found[0].Tool != "mcp" {
				t.Errorf("found %v", found)
			}
			p.Name, p.Hosts = "wor", []string{"other.example.net"}
			if found := Mentions(p); len(found) > 0 {
				t.Errorf("of another connection: %v", found)
			}
		})
	}
}
