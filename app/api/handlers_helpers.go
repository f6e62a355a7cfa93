package api

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/tokens"
)

// A helper is asked for every push and every image that is pulled, so the whole answer
// is made here, where everything is at hand: the command passes on what the tool says
// and what it is told.

const plainText = "text/plain; charset=utf-8"

// helper answers what a tool's credential helper was asked.
func (s *Server) helper(c call) error {
	said, err := bodyOf(c)
	if err != nil {
		return err
	}
	switch c.name {
	case "git":
		return s.helpGit(c, said)
	case "docker":
		return s.helpDocker(c, said)
	}
	return s.other
}

// bodyOf is a request's body, which has arrived already.
func bodyOf(c call) (string, error) {
	if c.r.Body == nil {
		return "", nil
	}
	said, err := io.ReadAll(c.r.Body)
	return string(said), err
}

// helpGit says nothing for a host that is no connection's: git asks others then.
func (s *Server) helpGit(c call, said string) error {
	asked, err := dialect.ReadGit(strings.NewReader(said))
	if err != nil {
		return badRequest("What git says cannot be read.")
	}
	var told string
	if dialect.Secure(asked.Protocol, asked.Host) {
		told, err = s.gitAnswer(c, asked)
	}
	var e *tokens.Error
	if err != nil && !(errors.As(err, &e) && e.Code == tokens.CodeUnknownConnection) {
		return err
	}
	sendText(c, told)
	return nil
}

func (s *Server) gitAnswer(c call, asked dialect.GitRequest) (string, error) {
	match, err := s.agent.Host(asked.Host, asked.Path, asked.Username)
	if err != nil {
		return "", err
	}
	user := asked.Username
	if user == match.Name {
		user = "" // it named the connection; the server does not know it
	}
	login, err := s.login(c, match.Name, user, WebPlace(asked.Host, asked.Path))
	if err != nil {
		return "", err
	}
	return dialect.GitAnswer{Login: login, Connection: match.Name, Bearer: s.agent.Rules(match.Name).GitBearer}.For(asked)
}

func (s *Server) helpDocker(c call, said string) error {
	server, err := dialect.ReadDockerServer(strings.NewReader(said))
	if err != nil {
		return badRequest(err.Error())
	}
	host, ok := dialect.DockerHost(server)
	if !ok {
		return &tokens.Error{Code: tokens.CodeUnknownConnection, Detail: "This names no registry to which a token may go."}
	}
	match, err := s.agent.Host(host, "", "")
	if err != nil {
		return err
	}
	login, err := s.login(c, match.Name, "", WebPlace(host, ""))
	if err != nil {
		return err
	}
	told, err := dialect.Docker(server, login)
	if err != nil {
		return err
	}
	sendText(c, string(told))
	return nil
}

// helpKubectl answers with a connection's token in the version of the API that the
// body names.
func (s *Server) helpKubectl(c call) error {
	version, err := bodyOf(c)
	if err != nil {
		return err
	}
	if !dialect.IsKubeVersion(version) {
		return badRequest("The body is the apiVersion that kubectl asks for.")
	}
	login, err := s.login(c, c.name, "")
	if err != nil {
		return err
	}
	told, err := dialect.Kube(version, login.Token, login.Expires)
	if err != nil {
		return err
	}
	sendText(c, string(told))
	return nil
}

// login is a connection's token, with the user name that goes with it. toolsUser is
// the one that the tool has already, or ""; at is where it sends the token.
func (s *Server) login(c call, name, toolsUser string, at ...string) (dialect.Login, error) {
	ctx, cancel := context.WithTimeout(WithPlace(c.r.Context(), Place{URLs: at}), tokens.DefaultTimeout)
	defer cancel()
	t, err := s.agent.Token(ctx, name, tokens.Want{})
	if err != nil {
		return dialect.Login{}, err
	}
	var ends time.Time // zero: never
	if t.ExpiresAt != nil {
		ends = *t.ExpiresAt
	}
	return dialect.Login{User: dialect.UserName(s.agent.Rules(name).User, toolsUser, t.Account), Token: t.AccessToken, Expires: ends}, nil
}

// WebPlace is what a tool that asks by host is going to send a token to.
func WebPlace(host, path string) string {
	return (&url.URL{Scheme: "https", Host: host, Path: "/" + strings.TrimPrefix(path, "/")}).String()
}

func sendText(c call, text string) { send(c.w, 200, plainText, []byte(text)) }
