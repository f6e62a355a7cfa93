package setup

import (
	"path/filepath"
	"strings"
)

// Npm has npm look for the token of a registry in NPM_TOKEN, which `exec` sets.
// registry is its URL.
func Npm(p Plan, registry string) []Step {
	key := strings.TrimSuffix(registry[strings.Index(registry, "//"):], "/") + "/:_authToken="
	return []Step{
		block{path: p.env("NPM_CONFIG_USERCONFIG", filepath.Join(p.Home, ".npmrc")), lines: []string{key + "${NPM_TOKEN}"},
			about: strings.TrimSuffix(key, "="), mine: func(line string) bool { return strings.HasPrefix(line, key) }},
		note{"then:  " + words(p.argv("exec", p.Name, "--var", "NPM_TOKEN")) + " -- npm install"},
	}
}

// Pip shows the line of a requirements file; pip puts variables into those only.
// index is its URL.
func Pip(p Plan, index string) []Step {
	scheme, rest, _ := strings.Cut(index, "://")
	return []Step{
		shown{"# in requirements.txt:", "--index-url " + scheme + "://" + p.User + ":${PIP_TOKEN}@" + rest},
		note{"then:  " + words(p.argv("exec", p.Name, "--var", "PIP_TOKEN")) + " -- pip install -r requirements.txt"},
	}
}

// Curl shows the ways that leave no token in a list of processes.
func Curl(p Plan, socket, host string) []Step {
	name := p.Name
	return []Step{
		note{"through the agent, which adds the token and renews it after a 401:"},
		shown{words([]string{"curl", "--unix-socket", socket, "http://authtray/v1/connections/" + name + "/api/PATH"})},
		note{"or with the token in a header that no list of processes shows (bash, zsh):"},
		shown{"curl -H @<(" + words(p.argv("token", name, "--format", "header")) + ") https://" + host + "/PATH"},
	}
}
