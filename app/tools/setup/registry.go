package setup

import (
	"path/filepath"
	"strings"

	"github.com/authtray/authtray/app/shellquote"
)

// Kubectl makes a user of kubectl's, authtray-NAME, whose token authtray gives.
// v1beta1 is what every kubectl since 1.11 understands; v1 is the same on the
// wire. The contexts are the user's own.
func Kubectl(p Plan, idToken bool) []Step {
	user := "authtray-" + p.Name
	args := []string{"helper", "kubectl", p.Name}
	if idToken {
		args = append(args, "--id-token")
	}
	argv := []string{"kubectl", "config", "set-credentials", user, "--exec-api-version=client.authentication.k8s.io/v1beta1", "--exec-command=" + p.Program}
	for _, arg := range args {
		argv = append(argv, "--exec-arg="+arg)
	}
	return []Step{command{argv: argv}, note{"and let a context use it:  kubectl config set-context --current --user=" + user}}
}

// AWS makes a profile, authtray-NAME, whose credentials authtray gets from STS.
// args are those of the aws helper after the connection's name.
func AWS(p Plan, args []string) []Step {
	header := "[profile authtray-" + p.Name + "]"
	lines := []string{header, "credential_process = " + awsWords(p.argv(append([]string{"helper", "aws", p.Name}, args...)...))}
	path := p.env("AWS_CONFIG_FILE", filepath.Join(p.Home, ".aws", "config"))
	return []Step{
		block{path: path, lines: lines, about: header, mine: func(line string) bool { return line == header }},
		note{"then:  aws --profile authtray-" + p.Name + " sts get-caller-identity"},
	}
}

// awsWords: some of AWS's tools hand the line to a shell, and others cut it
// themselves and know double quotes only.
func awsWords(argv []string) string {
	line := ""
	for i, arg := range argv {
		if i > 0 {
			line += " "
		}
		if shellquote.Word(shellquote.POSIX, arg) == arg {
			line += arg
		} else {
			line += `"` + arg + `"`
		}
	}
	return line
}

// Npm has npm look for the token of a registry in NPM_TOKEN, which `exec` sets.
// registry is its URL.
func Npm(p Plan, registry string) []Step {
	key := strings.TrimSuffix(registry[strings.Index(registry, "//"):], "/") + "/:_authToken="
	return []Step{
		block{path: p.env("NPM_CONFIG_USERCONFIG", filepath.Join(p.Home, ".npmrc")), lines: []string{key + "${NPM_TOKEN}"},
			about: strings.TrimSuffix(key, "="), mine: func(line string) bool { return strings.HasPrefix(line, key) }},
		note{"then:  " + typed(p.argv("exec", p.Name, "--var", "NPM_TOKEN")...) + " -- npm install"},
	}
}

// Pip shows the line of a requirements file; pip puts variables into those only.
// index is its URL.
func Pip(p Plan, index string) []Step {
	scheme, rest, _ := strings.Cut(index, "://")
	return []Step{
		shown{"# in requirements.txt:", "--index-url " + scheme + "://" + p.User + ":${PIP_TOKEN}@" + rest},
		note{"then:  " + typed(p.argv("exec", p.Name, "--var", "PIP_TOKEN")...) + " -- pip install -r requirements.txt"},
	}
}

// Curl shows the ways that leave no token in a list of processes.
func Curl(p Plan, socket, host string) []Step { return curl(shellquote.Local(), p, socket, host) }

// curl: on Windows the agent listens at a pipe, which curl does not speak to, and
// PowerShell has no <(…); its own curl is another program than curl.exe.
func curl(sh shellquote.Shell, p Plan, socket, host string) []Step {
	name := p.Name
	if sh == shellquote.PowerShell {
		argv := p.argv("token", name, "--format", "header")
		return []Step{
			note{"with the token in a header that no list of processes shows:"},
			shown{shellquote.Command(sh, argv...) + " | curl.exe -H '@-' https://" + host + "/PATH"},
			note{"in cmd.exe:  " + shellquote.Command(shellquote.Cmd, argv...) + " | curl -H @- https://" + host + "/PATH"},
		}
	}
	return []Step{
		note{"through the agent, which adds the token and renews it after a 401:"},
		shown{typed("curl", "--unix-socket", socket, "http://authtray/v1/connections/"+name+"/api/PATH")},
		note{"or with the token in a header that no list of processes shows (bash, zsh):"},
		shown{"curl -H @<(" + words(p.argv("token", name, "--format", "header")) + ") https://" + host + "/PATH"},
	}
}
