package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// Exit codes; the package comment says what they mean.
const (
	exitDone = iota
	exitFailed
	exitUsage
	exitReconnect
	exitUnavailable
	exitNoAgent
	exitKeychain
)

// exits is the exit code of each code of the socket; others are exitFailed.
var exits = map[tokens.Code]int{
	tokens.CodeUnknownConnection:      exitFailed,
	tokens.CodeDisconnected:           exitReconnect,
	tokens.CodeConnecting:             exitReconnect,
	tokens.CodeReconnectRequired:      exitReconnect,
	tokens.CodeMisconfigured:          exitFailed,
	tokens.CodeRejectedAgain:          exitFailed,
	tokens.CodeKeychainLocked:         exitKeychain,
	tokens.CodeTemporarilyUnavailable: exitUnavailable,
	tokens.CodeTimeout:                exitUnavailable,
	tokens.CodeBadRequest:             exitUsage,
	tokens.CodeNotAllowed:             exitFailed,
	api.CodeUnknownProvider:           exitFailed,
	api.CodeConnectFailed:             exitFailed,
	api.CodeOtherAccount:              exitFailed,
	api.CodeUnclearHost:               exitFailed,
	api.CodeNotFound:                  exitFailed,
}

// trouble is an error of a command, as it is told: a sentence, and the command
// that mends it.
type trouble struct {
	exit     int
	sentence string
	hint     string
	said     string // the provider's own words
}

func (t *trouble) Error() string { return t.sentence }

// silent is an exit code of which everything has been said already.
type silent int

func (s silent) Error() string { return fmt.Sprintf("exit %d", int(s)) }

// usage is wrong usage of a command.
func usage(format string, args ...any) error {
	return &trouble{exit: exitUsage, sentence: fmt.Sprintf(format, args...)}
}

// failed is an error of which the user can do something.
func failed(hint, format string, args ...any) error {
	return &trouble{exit: exitFailed, sentence: fmt.Sprintf(format, args...), hint: hint}
}

// tell writes err as one line to stderr and returns the exit code.
func (s *shell) tell(err error) int {
	if err == nil {
		return exitDone
	}
	var quiet silent
	if errors.As(err, &quiet) {
		return int(quiet)
	}
	t := asTrouble(err)
	s.say("authtray: %s", t.line())
	return t.exit
}

// asTrouble is the table of errors that reach a person.
func asTrouble(err error) *trouble {
	var t *trouble
	var p *client.Problem
	var e *tokens.Error
	switch {
	case errors.As(err, &t):
		return t
	case errors.As(err, &p):
		return problemTrouble(p)
	case errors.As(err, &e):
		return &trouble{exit: exitOf(e.Code), sentence: e.Detail, hint: e.Hint, said: e.Said}
	case errors.Is(err, client.ErrNoAgent):
		return &trouble{exit: exitNoAgent, sentence: "no agent is running", hint: "authtray run"}
	case errors.Is(err, client.ErrForeign):
		return &trouble{exit: exitFailed, sentence: err.Error() + ", so it was asked nothing; set AUTHTRAY_SOCKET to your own agent's"}
	case errors.Is(err, store.ErrLocked):
		return &trouble{exit: exitKeychain, sentence: err.Error() + "; unlock it and try again"}
	case errors.Is(err, store.ErrUnavailable):
		return &trouble{exit: exitKeychain, sentence: err.Error()}
	case errors.Is(err, context.Canceled):
		return &trouble{exit: exitFailed, sentence: "stopped"}
	case errors.Is(err, context.DeadlineExceeded):
		return &trouble{exit: exitUnavailable, sentence: "the agent did not answer in time", hint: "authtray status"}
	case errors.Is(err, client.ErrNoAnswer):
		return &trouble{exit: exitFailed, sentence: err.Error() + "; start it again with: authtray run"}
	}
	return &trouble{exit: exitFailed, sentence: err.Error()}
}

func exitOf(code tokens.Code) int {
	if exit, ok := exits[code]; ok {
		return exit
	}
	return exitFailed
}

func problemTrouble(p *client.Problem) *trouble {
	t := &trouble{exit: exitOf(tokens.Code(p.Code)), sentence: p.Sentence(), hint: p.Hint, said: p.Said}
	if tokens.Code(p.Code) == tokens.CodeTemporarilyUnavailable && !p.RetryAt.IsZero() {
		t.sentence = strings.TrimRight(t.sentence, ".") + "; it is tried again at " + p.RetryAt.Local().Format(time.TimeOnly)
	}
	return t
}

// stateTrouble is a state that is not connected, as an error. Where connecting
// again mends it, that is its hint.
func stateTrouble(st tokens.Status) *trouble {
	t := &trouble{exit: exitOf(st.State.Code()), sentence: st.Detail, said: st.Said}
	if t.exit == exitReconnect {
		t.hint = "authtray connect " + st.Name
	}
	if t.sentence == "" {
		t.sentence = st.Name + " is now " + st.State.Word()
	}
	return t
}

// line is the sentence and, unless it names a command already, the next step.
func (t *trouble) line() string {
	sentence := oneLine(t.sentence)
	if t.said != "" {
		sentence = strings.TrimRight(sentence, ".") + fmt.Sprintf(" (it said %q)", oneLine(t.said))
	}
	if t.hint == "" || strings.Contains(sentence, "authtray ") {
		return sentence
	}
	return strings.TrimRight(sentence, ".") + "; run: " + oneLine(t.hint)
}
