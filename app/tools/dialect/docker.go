package dialect

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
)

// DockerNotFound is the text, on stdout with exit code 1, by which Docker knows
// that a helper has nothing for a server; it goes on without a login then.
const DockerNotFound = "credentials not found in native keychain"

// dockerMissing is Docker's text for a request without a server.
const dockerMissing = "no credentials server URL"

const dockerMost = 1 << 20

// DockerCredential is what Docker stores and gets.
type DockerCredential struct {
	ServerURL string
	Username  string
	Secret    string
}

// ReadDockerServer reads the server that `get` and `erase` are about.
func ReadDockerServer(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, dockerMost))
	if err != nil {
		return "", err
	}
	server := strings.TrimSpace(string(text))
	if server == "" {
		return "", errors.New(dockerMissing)
	}
	return server, nil
}

// ReadDockerCredential reads what `store` is about.
func ReadDockerCredential(r io.Reader) (DockerCredential, error) {
	var c DockerCredential
	err := json.NewDecoder(io.LimitReader(r, dockerMost)).Decode(&c)
	if err == nil && c.ServerURL == "" {
		err = errors.New(dockerMissing)
	}
	return c, err
}

// DockerHost is the host, with its port, of a server as Docker names it: a bare
// host, or a URL such as https://index.docker.io/v1/. ok is false for what is no
// host, and for plain http to another machine.
func DockerHost(server string) (host string, ok bool) {
	if !strings.Contains(server, "://") {
		server = "https://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil || !Secure(u.Scheme, u.Host) {
		return "", false
	}
	return u.Host, true
}

// Docker is the answer to `get`. server is named as Docker named it.
func Docker(server string, l Login) ([]byte, error) {
	if !fit(":", l.User) || !fit("", l.Token) {
		return nil, ErrUnfit
	}
	return marshal(DockerCredential{ServerURL: server, Username: l.User, Secret: l.Token})
}

// DockerList is the answer to `list`: user names by server.
func DockerList(users map[string]string) ([]byte, error) { return marshal(users) }

// marshal is JSON on one line, with its end; <, > and & stay as they are.
func marshal(v any) ([]byte, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return []byte(out.String()), err
}
