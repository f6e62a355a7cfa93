package setup

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/authtray/authtray/app/shellquote"
)

// Docker has docker, and what reads its configuration (podman, buildx, skopeo,
// crane), ask authtray for the registries.
func Docker(p Plan) []Step {
	steps := p.linked("docker-credential-authtray")
	path := filepath.Join(p.env("DOCKER_CONFIG", filepath.Join(p.Home, ".docker")), "config.json")
	for _, pattern := range p.Hosts {
		steps = append(steps, credHelper{path, hostOf(pattern)})
	}
	return steps
}

// credHelper is one registry's entry in docker's config.json.
type credHelper struct{ path, host string }

func (c credHelper) Lines() []string {
	return []string{"# in " + c.path + ":", fmt.Sprintf(`{ "credHelpers": { %q: "authtray" } }`, c.host)}
}

func (c credHelper) Write(context.Context) (bool, error) {
	text, _, err := current(c.path)
	if err != nil {
		return false, err
	}
	config, helpers, err := c.parse(text)
	if err != nil {
		return false, err
	}
	if has := helpers[c.host]; has != "" && has != "authtray" {
		return false, clash("docker asks %q for %s already; to have it ask authtray, change credHelpers in %s", has, c.host, c.path)
	} else if has != "" {
		return false, nil
	}
	helpers[c.host] = "authtray"
	if config["credHelpers"], err = json.Marshal(helpers); err != nil {
		return false, err
	}
	return true, replace(c.path, indented(config))
}

// parse keeps every other member as it stands.
func (c credHelper) parse(text []byte) (config map[string]json.RawMessage, helpers map[string]string, err error) {
	config, helpers = map[string]json.RawMessage{}, map[string]string{}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // a byte order mark
	if len(bytes.TrimSpace(text)) > 0 {
		err = json.Unmarshal(text, &config)
	}
	if err == nil && config["credHelpers"] != nil {
		err = json.Unmarshal(config["credHelpers"], &helpers)
	}
	if err != nil || config == nil {
		return nil, nil, clash("%s cannot be read as docker's configuration, so it is left alone: %v", c.path, err)
	}
	if helpers == nil { // "credHelpers": null
		helpers = map[string]string{}
	}
	return config, helpers, nil
}

// indented is JSON as docker itself writes its file.
func indented(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	_ = e.Encode(v) // raw messages that were read as JSON
	return out.String()
}

// link gives authtray the name under which a tool looks for its helper in PATH.
type link struct {
	name string // docker-credential-authtray
	self string // the program's path
	dirs []string
}

// linked is the step for a name, or none where PATH has it.
func (p Plan) linked(name string) []Step {
	if _, err := exec.LookPath(name); err == nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		self = p.Program
	}
	return []Step{link{name, self, []string{filepath.Dir(self), filepath.Join(p.Home, ".local", "bin")}}}
}

func (l link) Lines() []string { return l.lines(shellquote.Local()) }

func (l link) lines(sh shellquote.Shell) []string {
	path := filepath.Join(l.dirs[0], l.name)
	if sh == shellquote.POSIX {
		return []string{shellquote.Command(sh, "ln", "-s", l.self, path)}
	}
	path += ".exe"
	return []string{
		shellquote.Command(sh, "New-Item", "-ItemType", "HardLink", "-Path", path, "-Target", l.self),
		"# in cmd.exe:  " + shellquote.Command(shellquote.Cmd, "mklink", "/H", path, l.self),
	}
}

// make makes the link at path, which has no ending yet. On Windows that is a hard
// link: a symbolic one wants rights of an administrator's. Programs are found there
// by the ending .exe.
func (l link) make(goos, path string) error {
	if goos == "windows" {
		return os.Link(l.self, path+".exe")
	}
	return os.Symlink(l.self, path)
}

// Write makes the link in the first folder that is in PATH and can be written.
func (l link) Write(context.Context) (bool, error) {
	for _, dir := range l.dirs {
		if !inPath(dir) {
			continue
		}
		if l.make(runtime.GOOS, filepath.Join(dir, l.name)) == nil {
			return true, nil
		}
	}
	return false, clash("%s must be in a folder of PATH, and could not be put into one; do it by hand: %s", l.name, l.Lines()[0])
}

func inPath(dir string) bool {
	for _, d := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.Clean(d) == filepath.Clean(dir) {
			return true
		}
	}
	return false
}
