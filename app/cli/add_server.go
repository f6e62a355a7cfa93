package cli

import (
	"context"
	"errors"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

// lookTime is how long a person who adds an MCP server waits for its answer.
const lookTime = 6 * time.Second

// askServer asks the MCP server of a connection whether it is there: nil where
// nothing says that it is not, and where there is none to ask.
func (s *shell) askServer(ctx context.Context, conn catalog.Connection) *refusal.Failure {
	client, err := s.resolve(conn)
	if err != nil {
		return nil // what is wrong is said when it is written
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var f *refusal.Failure
	errors.As(client.FindServer(ctx), &f)
	return f
}

// seesServer says what is wrong with the MCP server of a connection that was written,
// and reports whether it is to be signed in at. A wrong URL stays written: it is put
// right by another add, and only its owner knows whether a server is put there later.
// One that cannot be asked now may well be there. Where there was a sign-in before, it
// says how that is had back.
func (s *shell) seesServer(ctx context.Context, done addition) bool {
	conn, was := done.conn, done.was
	f := s.askServer(ctx, conn)
	switch {
	case f == nil:
		return true
	case f.Class == refusal.Misconfigured:
		s.say("%s", api.Line(f.Detail, f.Said, f.Hint))
		if was.MCP != "" && was.MCP != conn.MCP && done.now.State != tokens.Disconnected {
			s.say("To go back: authtray add %s --mcp %s", conn.Name, shellquote.Word(shellquote.Local(), oneLine(was.MCP)))
		}
		return false
	}
	s.say("Whether there is an MCP server could not be seen. %s", api.Line(f.Detail, f.Said, f.Hint))
	return true
}

// server asks for an MCP server's URL, unless it was typed already, until there seems
// to be a server. The same URL once more stands.
func (i *interview) server() (err error) {
	doubted := ""
	check := func(s string) (string, error) {
		at, err := needed(pastedURL(s))
		if err != nil || at == doubted {
			return at, err
		}
		conn := i.conn
		conn.MCP = at
		if f := i.askServer(i.ctx, conn); f != nil && f.Class == refusal.Misconfigured && f.Code != "no_metadata" { // an issuer may be named later
			doubted = at
			return "", errors.New(text.Sentence(f.Detail) + " Type it once more to keep it.")
		}
		return at, nil
	}
	if i.conn.MCP != "" {
		if i.conn.MCP, err = check(i.conn.MCP); err == nil {
			return nil
		}
		i.say("%v", err)
	}
	i.conn.MCP, err = i.prompt("The MCP server's URL", "", check)
	return err
}
