package dialect

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// gitMost is how much of a request is read; git itself allows 64 KiB a line.
const gitMost = 1 << 20

// gitState is what this helper's states begin with, as git-credential(1) wants:
// each helper tells its own by a prefix.
const gitState = "authtray:"

// GitRequest is what git says to a credential helper.
type GitRequest struct {
	Protocol, Host, Path, Username string

	Secret       string   // with erase: the token that was refused, from whichever field
	Connection   string   // the connection that answered before, where git kept the state (2.46)
	Capabilities []string // what this git understands: "authtype", "state"
}

// ReadGit reads a request up to its empty line. Lines without "=" and keys that
// are not known are ignored. The error is that of r.
func ReadGit(r io.Reader) (GitRequest, error) {
	var g GitRequest
	lines := bufio.NewScanner(io.LimitReader(r, gitMost))
	lines.Buffer(nil, gitMost)
	for lines.Scan() && lines.Text() != "" {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			g.set(key, value)
		}
	}
	return g, lines.Err()
}

// ReadGitText reads a request up to its empty line, as it is.
func ReadGitText(r io.Reader) (string, error) {
	var text strings.Builder
	lines := bufio.NewScanner(io.LimitReader(r, gitMost))
	lines.Buffer(nil, gitMost)
	for lines.Scan() && lines.Text() != "" {
		text.WriteString(lines.Text() + "\n")
	}
	return text.String(), lines.Err()
}

func (g *GitRequest) set(key, value string) {
	switch key {
	case "protocol":
		g.Protocol = value
	case "host":
		g.Host = value
	case "path":
		g.Path = value
	case "username":
		g.Username = value
	case "password", "credential":
		g.Secret = value
	case "capability[]":
		g.Capabilities = multi(g.Capabilities, value)
	case "state[]":
		if name, ours := strings.CutPrefix(value, gitState); ours {
			g.Connection = name
		}
	}
}

// multi adds to an attribute that may be given several times; an empty value
// clears what came before.
func multi(list []string, value string) []string {
	if value == "" {
		return nil
	}
	return append(list, value)
}

// Can says whether this git understands a capability.
func (g GitRequest) Can(capability string) bool { return slices.Contains(g.Capabilities, capability) }

// GitAnswer is what a helper gives for a request: the login of a connection.
// Bearer sends the token in "Authorization: Bearer" where git can (2.46);
// otherwise it goes as a password, which all versions know.
type GitAnswer struct {
	Login
	Connection string
	Bearer     bool
}

// For writes the answer for a request, in the attributes that this git
// understands. ephemeral keeps other helpers from storing the token.
func (a GitAnswer) For(g GitRequest) (string, error) {
	if !fit("", a.User, a.Token, a.Connection) {
		return "", ErrUnfit
	}
	var out strings.Builder
	line := func(key, value string) { fmt.Fprintf(&out, "%s=%s\n", key, value) }
	for _, c := range []string{"authtype", "state"} { // capabilities come before what depends on them
		if g.Can(c) {
			line("capability[]", c)
		}
	}
	if a.Bearer && g.Can("authtype") {
		line("authtype", "Bearer")
		line("credential", a.Token)
	} else {
		line("username", a.User)
		line("password", a.Token)
	}
	if !a.Expires.IsZero() {
		line("password_expiry_utc", strconv.FormatInt(a.Expires.Unix(), 10))
	}
	if g.Can("authtype") {
		line("ephemeral", "1")
	}
	if g.Can("state") {
		line("state[]", gitState+a.Connection)
	}
	return out.String(), nil
}

// GitQuit tells git to stop: no other helper is asked, nor the user. It is for
// hosts that a connection answers for, and cannot just now.
const GitQuit = "quit=1\n"

// GitCapabilities is the answer to git's question what this helper can do
// (git-credential(1), "capability").
const GitCapabilities = "version 0\ncapability authtype\ncapability state\n"
