package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// trouble is why a message of the client's brought no answer of the server's.
type trouble struct {
	kind     kind
	sentence string          // for people, without anything that the server said
	hint     string          // the command that fixes it, if one does
	problem  *client.Problem // what the agent said, where it was the agent
	until    time.Time       // when to try again, where that was said
	said     *jsonrpc.Error  // the server's own error, to be handed on
	scopes   []string        // of missingScopes
}

// kind tells what follows from a trouble.
//
//	kind            was the request carried out?   what the bridge does
//	noToken         no: it was not sent            waits for the agent
//	unreachable     no: it was not sent            waits for the network
//	busy            no: the server says so         waits
//	lost            perhaps                        repeats what only reads
//	noSession       no: the server knows no such   begins a session anew, and repeats
//	missingScopes   no                             hands the names of the scopes on
//	denied          no                             says that another sign-in may help
//	noEndpoint      no                             tries the old SSE transport
//	refused         no                             hands the error on
type kind int

const (
	refused kind = iota
	noToken
	unreachable
	busy
	lost
	noSession
	missingScopes
	denied
	noEndpoint
)

func (t *trouble) Error() string { return t.sentence }

// passing reports whether it is worth waiting.
func (t *trouble) passing() bool {
	switch t.kind {
	case unreachable, busy:
		return true
	case noToken:
		return t.problem == nil || !final[tokens.Code(t.problem.Code)]
	}
	return false
}

// final are the agent's refusals that no waiting fixes.
var final = map[tokens.Code]bool{
	tokens.CodeUnknownConnection: true,
	tokens.CodeNotAllowed:        true,
	tokens.CodeBadRequest:        true,
	tokens.CodeMisconfigured:     true,
}

func refusal(format string, args ...any) *trouble {
	return &trouble{kind: refused, sentence: fmt.Sprintf(format, args...)}
}

// asTrouble is err as a trouble; what is none is a lost answer.
func asTrouble(err error) *trouble {
	var t *trouble
	if errors.As(err, &t) {
		return t
	}
	var wire *jsonrpc.Error
	if errors.As(err, &wire) && wire.Code != rejectedByTransport {
		return &trouble{kind: refused, said: wire, sentence: "the server answered with an error"}
	}
	return &trouble{kind: lost, sentence: "the connection to the server broke off before it answered; it may have carried the request out"}
}

// rejectedByTransport is the code of an error that the SDK makes of its own.
const rejectedByTransport = -32005

// agentTrouble is why the agent named no token.
func agentTrouble(err error) *trouble {
	t := &trouble{kind: noToken}
	switch {
	case errors.As(err, &t.problem) && t.problem.Code == "other_place":
		t.kind, t.sentence = refused, "this connection leads to another MCP server now, and the one that was asked is not sent its token; restart the AI client"
	case errors.As(err, &t.problem):
		t.sentence, t.hint, t.until = t.problem.Sentence(), t.problem.Hint, t.problem.RetryAt
	case errors.Is(err, client.ErrNoAgent):
		t.sentence, t.hint = "no Authtray agent is running", "authtray run"
	case errors.Is(err, client.ErrForeign):
		t.kind, t.sentence = refused, "the process at the agent's address belongs to another user; set AUTHTRAY_SOCKET to your own agent's"
	default:
		t.sentence, t.hint = "the agent gave no answer", "authtray status"
	}
	return t
}

// networkTrouble is why an HTTP request brought no answer. The cause's text may
// hold what came, so that it is not shown.
func networkTrouble(err error, sent bool) *trouble {
	var dns *net.DNSError
	switch {
	case errors.Is(err, context.Canceled), sent:
		return asTrouble(nil)
	case errors.As(err, &dns):
		return &trouble{kind: unreachable, sentence: "the name of the MCP server cannot be resolved at the moment; it is tried again by itself"}
	}
	return &trouble{kind: unreachable, sentence: "the MCP server cannot be reached at the moment; it is tried again by itself"}
}

// codeUnavailable is of the range that JSON-RPC leaves to implementations.
const codeUnavailable = -32000

// wire is the trouble as the client is told of it.
func (t *trouble) wire(name string) *jsonrpc.Error {
	if t.said != nil {
		return t.said
	}
	says := strings.TrimRight(text.Line(t.sentence, 0), ".")
	hint := t.hint
	switch {
	case t.kind == denied:
		hint = "authtray connect " + name
	case t.kind == missingScopes && len(t.scopes) > 0:
		says += ": " + text.Line(strings.Join(t.scopes, ", "), 0)
		hint = "authtray connect " + name
		for _, scope := range t.scopes {
			hint += " --scope " + shellquote.Word(shellquote.Local(), scope)
		}
	}
	if hint != "" && !strings.Contains(says, "authtray ") {
		says += "; run: " + text.Line(hint, 0)
	}
	about := map[string]any{"connection": name}
	if t.problem != nil && t.problem.Code != "" {
		about["code"] = t.problem.Code
	}
	if len(t.scopes) > 0 {
		about["scopes"] = t.scopes
	}
	data, err := json.Marshal(about)
	if err != nil {
		data = nil
	}
	return &jsonrpc.Error{Code: codeUnavailable, Message: "authtray: " + name + ": " + says, Data: data}
}
