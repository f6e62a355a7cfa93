package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

const (
	exitDone = iota
	exitFailed
	exitUsage
	exitReconnect
	exitUnavailable
	exitNoAgent
	exitKeychain
)

// exitCodes is the table of exit codes: what each means, as the help and the manual
// say it, and which codes of the socket and which errors end with it. What is not
// here ends with exitFailed.
var exitCodes = []struct {
	exit    int
	meaning string
	codes   []tokens.Code
	errs    []error
}{
	{exitDone, "done", nil, nil},
	{exitFailed, "failed", []tokens.Code{
		tokens.CodeUnknownConnection, tokens.CodeMisconfigured, tokens.CodeRejectedAgain, tokens.CodeNotAllowed,
		api.CodeUnknownProvider, api.CodeConnectFailed, api.CodeOtherAccount, api.CodeOtherHost, api.CodeUnclearHost, api.CodeOtherPlace, api.CodeNotFound, api.CodeFailed,
	}, nil},
	{exitUsage, "wrong usage", []tokens.Code{tokens.CodeBadRequest}, nil},
	{exitReconnect, "reconnect required or not connected", []tokens.Code{
		tokens.CodeDisconnected, tokens.CodeConnecting, tokens.CodeReconnectRequired,
	}, nil},
	{exitUnavailable, "temporarily unavailable", // retrying among it
		[]tokens.Code{tokens.CodeTemporarilyUnavailable, tokens.CodeTimeout}, []error{context.DeadlineExceeded, os.ErrDeadlineExceeded}},
	{exitNoAgent, "no agent is running", nil, []error{client.ErrNoAgent}},
	{exitKeychain, "keychain locked or missing", []tokens.Code{tokens.CodeKeychainLocked}, append([]error{store.ErrLocked, store.ErrUnavailable}, runKeychainErrors...)},
}

// exitOf is the exit code of a code of the socket.
func exitOf(code tokens.Code) int {
	for _, row := range exitCodes {
		if slices.Contains(row.codes, code) {
			return row.exit
		}
	}
	return exitFailed
}

// exitOfError is the exit code of an error that is no answer of the socket's.
func exitOfError(err error) int {
	for _, row := range exitCodes {
		if slices.ContainsFunc(row.errs, func(known error) bool { return errors.Is(err, known) }) {
			return row.exit
		}
	}
	return exitFailed
}

// exitHelp is the table in words.
func exitHelp() string {
	var words []string
	for _, row := range exitCodes {
		words = append(words, fmt.Sprintf("%d %s", row.exit, row.meaning))
	}
	return "Exit codes: " + strings.Join(words, ", ") + "."
}

// trouble is an error of a command, as it is told: a sentence, and the command
// that fixes it.
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
		if exit := exitOfError(err); exit != exitFailed { // what it is part of has an exit code of its own
			return &trouble{exit: exit, sentence: t.sentence, hint: t.hint}
		}
		return t
	case errors.As(err, &p):
		return problemTrouble(p)
	case errors.As(err, &e):
		return &trouble{exit: exitOf(e.Code), sentence: e.Detail, hint: e.Hint, said: e.Said}
	}
	t = &trouble{exit: exitOfError(err), sentence: err.Error()}
	switch {
	case errors.Is(err, client.ErrNoAgent):
		t.sentence, t.hint = noAgent()
	case errors.Is(err, client.ErrForeign):
		t.sentence += ", so it was asked nothing; set AUTHTRAY_SOCKET to your own agent's"
	case errors.Is(err, store.ErrLocked):
		t.hint = "authtray unlock"
	case errors.Is(err, context.Canceled):
		t.sentence = "stopped"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		t.sentence, t.hint = "the agent did not answer in time", "authtray status"
	case errors.Is(err, client.ErrNoAnswer):
		t.sentence += "; start it again with: authtray run"
	}
	return t
}

func problemTrouble(p *client.Problem) *trouble {
	t := &trouble{exit: exitOf(tokens.Code(p.Code)), sentence: p.Sentence(), hint: p.Hint, said: p.Said}
	if tokens.Code(p.Code) == tokens.CodeTemporarilyUnavailable && !p.RetryAt.IsZero() {
		t.sentence = strings.TrimRight(t.sentence, ".") + "; it is tried again at " + p.RetryAt.Local().Format(time.TimeOnly)
	}
	return t
}

// stateTrouble is a state that is not connected, as an error.
func stateTrouble(st tokens.Status) *trouble {
	sentence, hint := api.StateSentence(st)
	return &trouble{exit: exitOf(st.State.Code()), sentence: sentence, hint: hint, said: st.Said}
}

func (t *trouble) line() string { return api.Line(t.sentence, t.said, t.hint) }
