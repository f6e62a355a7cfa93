package setup

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
)

// All are the steps of every tool that can be taken back without being told more
// than the connection and its hosts: what was set up with other words is a trace.
func All(p Plan) []Step {
	steps := slices.Concat(Git(p), Docker(p), GoAuth(p), Kubectl(p, false), Kubectl(p, true))
	for _, c := range mcpClients {
		steps = append(steps, c.entry(p, p.Program)...)
	}
	return steps
}

// Traces are the files of tools in which authtray is named, whoever wrote it there.
func Traces(p Plan) (found []string) {
	config := p.env("XDG_CONFIG_HOME", filepath.Join(p.Home, ".config"))
	files := []string{
		p.env("GIT_CONFIG_GLOBAL", filepath.Join(p.Home, ".gitconfig")), filepath.Join(config, "git", "config"),
		filepath.Join(p.env("DOCKER_CONFIG", filepath.Join(p.Home, ".docker")), "config.json"),
		p.env("KUBECONFIG", filepath.Join(p.Home, ".kube", "config")),
		p.env("GOENV", filepath.Join(config, "go", "env")),
		p.env("AWS_CONFIG_FILE", filepath.Join(p.Home, ".aws", "config")),
		p.env("MSMTP_CONFIG", filepath.Join(p.Home, ".msmtprc")), filepath.Join(config, "msmtp", "config"),
		filepath.Join(p.Home, ".mbsyncrc"), filepath.Join(config, "isyncrc"),
		filepath.Join(p.Home, ".neomuttrc"), filepath.Join(config, "neomutt", "neomuttrc"),
		filepath.Join(p.Home, ".claude.json"),
	}
	for _, c := range mcpClients {
		for _, step := range c.entry(p, p.Program) {
			files = append(files, fileWritten(step)...)
		}
	}
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte("authtray")) {
			found = append(found, file)
		}
	}
	return found
}

func fileWritten(step Step) []string {
	switch s := step.(type) {
	case block:
		return []string{s.path}
	case jsonMember:
		return []string{s.path}
	case gooseExtension:
		return []string{s.path}
	}
	return nil
}
