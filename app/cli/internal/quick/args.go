package quick

import (
	"syscall"

	"github.com/authtray/authtray/app/version"
	"github.com/authtray/authtray/providers/name"
)

// Flag is a flag of `authtray token`.
type Flag struct {
	Name    string
	Param   string // of the query that it is sent as; "": it says how the answer is printed
	Default string
	Many    bool // it may be repeated, and its values are sent with spaces between them
	Usage   string

	// plain reports whether a value needs no judging. A flag with another one, or
	// without this function, leaves the command to the ordinary one.
	plain func(value string) bool
}

// Flags are all of them: the ordinary command makes its own of this table. Each
// takes a value.
var Flags = [...]Flag{
	{Name: "min-valid", Param: "min_valid", Usage: "how long the token is to last (30s, or a quarter of its life if that is less)", plain: plainDuration},
	{Name: "format", Default: "raw", Usage: "raw, json, header, env or mcp-headers", plain: isAnswer},
	{Name: "scope", Param: "scope", Many: true, Usage: "a narrower token: only this scope (may be repeated)"},
	{Name: "resource", Param: "resource", Usage: "a token for this resource (RFC 8707)"},
}

const (
	asText = "text/plain"
	asJSON = "application/json"
)

// told is what `authtray version` prints, where the linker was told all of it.
func told(args []string) (text string, ok bool) {
	b := version.Linked()
	if len(args) != 2 || args[1] != "version" || b.Version == "" || b.Commit == "" {
		return "", false
	}
	return b.Text(), true
}

// question is what a command asks the agent.
type question struct {
	method, target string
	accept         string // the kind of answer that is printed as it is
	body           string
	stdin          bool // the body is what a tool says on it
	untilBlank     bool // …up to an empty line, after which it may wait for the answer
	mayBeEmpty     bool // to answer nothing is to answer
}

// links are names of the program that stand for its first arguments.
var links = [...][2]string{{"git-credential-authtray", "git"}, {"docker-credential-authtray", "docker"}}

// questionOf is what a command asks, where it is one of the plain forms below.
// Anything else is left to the ordinary command.
func questionOf(args []string) (q question, ok bool) {
	if len(args) == 0 {
		return q, false
	}
	for _, link := range links {
		if called := args[0]; len(called) >= len(link[0]) && called[len(called)-len(link[0]):] == link[0] {
			args = append([]string{called, "helper", link[1]}, args[1:]...)
			break
		}
	}
	switch {
	case len(args) == 2 && args[1] == "status":
		return question{method: "GET", target: "/v1/connections", accept: asText}, true
	case len(args) == 4 && args[1] == "helper":
		return helperQuestion(args[2], args[3])
	}
	target, accept, ok := Target(args)
	return question{method: "GET", target: target, accept: accept}, ok
}

// helperQuestion is what a tool's helper asks: for kubectl it has the NAME of a
// connection, for the others what the tool wants.
func helperQuestion(tool, argument string) (q question, ok bool) {
	switch {
	case tool == "git" && argument == "get":
		return question{method: "POST", target: "/v1/helpers/git", accept: asText, stdin: true, untilBlank: true, mayBeEmpty: true}, true
	case tool == "docker" && argument == "get":
		return question{method: "POST", target: "/v1/helpers/docker", accept: asText, stdin: true}, true
	case tool == "kubectl" && name.Valid(argument):
		info, _ := syscall.Getenv("KUBERNETES_EXEC_INFO")
		version := kubeVersion(info)
		return question{method: "POST", target: "/v1/helpers/kubectl/" + argument, accept: asText, body: version}, version != ""
	}
	return q, false
}

// kubeVersion is the apiVersion in what kubectl says, as it writes it; "" for any other
// text, which is for the ordinary command to read.
func kubeVersion(info string) string {
	const group = "client.authentication.k8s.io/"
	if info == "" {
		return group + "v1beta1"
	}
	for _, version := range [...]string{"v1", "v1beta1"} {
		begins := `{"kind":"ExecCredential","apiVersion":"` + group + version + `",`
		if len(info) > len(begins) && info[:len(begins)] == begins {
			return group + version
		}
	}
	return ""
}

// Target is the path and query of the request that `authtray token …` means, and the
// kind of answer that it prints, where it is one of the plain forms: NAME, and flags
// with plain values.
func Target(args []string) (target, accept string, ok bool) {
	if len(args) < 3 || args[1] != "token" {
		return "", "", false
	}
	var called string
	var values [len(Flags)]string
	for rest := args[2:]; len(rest) > 0; {
		if flag, value, used := readFlag(rest); used > 0 {
			values[flag], rest = value, rest[used:]
			continue
		}
		if called != "" || rest[0] == "" {
			return "", "", false
		}
		called, rest = rest[0], rest[1:]
	}
	if !name.Valid(called) {
		return "", "", false
	}
	target, accept = "/v1/connections/"+called+"/token", asText
	for i, separator := 0, "?"; i < len(Flags); i++ {
		switch {
		case Flags[i].Name == "format" && values[i] == "json":
			accept = asJSON
		case values[i] != "" && Flags[i].Param != "":
			target += separator + Flags[i].Param + "=" + values[i]
			separator = "&"
		}
	}
	return target, accept, true
}

// readFlag reads a flag with a plain value, in either spelling, and says how many
// arguments it took: none where there is no such flag. What is left then begins
// with a dash, as no name does.
func readFlag(args []string) (flag int, value string, used int) {
	for i := range Flags {
		long := "--" + Flags[i].Name
		switch n := len(long); {
		case args[0] == long && len(args) > 1:
			value, used = args[1], 2
		case len(args[0]) > n && args[0][:n] == long && args[0][n] == '=':
			value, used = args[0][n+1:], 1
		default:
			continue
		}
		if plain := Flags[i].plain; plain == nil || !plain(value) {
			used = 0
		}
		return i, value, used
	}
	return 0, "", 0
}

// isAnswer: a format that is the agent's own answer.
func isAnswer(format string) bool { return format == "raw" || format == "json" }

// plainDuration: a number and one unit. Others are for the ordinary command.
func plainDuration(s string) bool {
	digits := len(s) - 1
	if digits < 1 || digits > 6 || s[digits] != 's' && s[digits] != 'm' && s[digits] != 'h' {
		return false
	}
	for _, c := range []byte(s[:digits]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// split cuts /proc/self/cmdline, whose arguments each end in a zero byte.
func split(cmdline []byte) []string {
	var args []string
	for start, i := 0, 0; i < len(cmdline); i++ {
		if cmdline[i] == 0 {
			args = append(args, string(cmdline[start:i]))
			start = i + 1
		}
	}
	return args
}
