package agent

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

const codeFailed = api.CodeFailed

// asError is err as the socket tells it; the sentence is for what is no
// *tokens.Error yet.
func asError(err error, code tokens.Code, detail, hint string) error {
	var e *tokens.Error
	if errors.As(err, &e) {
		return err
	}
	return &tokens.Error{Code: code, Detail: detail, Hint: hint, Err: err}
}

// badConnection is a configuration of a connection that cannot be used.
func badConnection(err error) error {
	var e *tokens.Error
	if errors.As(err, &e) {
		return err
	}
	return &tokens.Error{Code: tokens.CodeBadRequest, Detail: err.Error(), Field: catalog.FieldOf(err), Err: err}
}

// signInError is how a sign-in that ended other than well is told.
func signInError(name string, err error) error {
	var known *tokens.Error
	var answer *refusal.Failure
	var other *providers.OtherHost
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.As(err, &other):
		return &api.OtherHost{Host: other.Page, Problem: &tokens.Error{
			Code: api.CodeOtherHost, Detail: text.Sentence(other.Error()), Hint: "authtray connect " + name, Err: err}}
	}
	failed := connectFailed(name, text.Sentence(err.Error()))
	failed.Err = err
	switch {
	case errors.As(err, &answer):
		failed.Detail, failed.Said, failed.Field, failed.Hint = answer.Detail, answer.Said, answer.Field(), cmp.Or(answer.Hint, failed.Hint)
	case errors.Is(err, context.Canceled):
		failed.Detail = text.Sentence(providers.ErrCanceled.Error())
	case errors.Is(err, context.DeadlineExceeded):
		failed.Detail = text.Sentence(providers.ErrTimedOut.Error())
	}
	return failed
}

func connectFailed(name, detail string) *tokens.Error {
	return &tokens.Error{Code: api.CodeConnectFailed, Detail: detail, Hint: "authtray connect " + name}
}

// Why a sign-in was canceled that nobody here wanted to end.
var (
	errNobodyCame = errors.New("nobody signed in for as long as it was waited for")
	errEndedFirst = errors.New("the agent ended before the sign-in was done")
)

// canceled: a sign-in ended because somebody here wanted it to.
func canceled(err error) bool {
	return errors.Is(err, providers.ErrCanceled) || errors.Is(err, context.Canceled)
}

// detail is an error's sentence for people.
func detail(err error) string {
	var e *tokens.Error
	if errors.As(err, &e) {
		return e.Detail
	}
	return text.Sentence(err.Error())
}

func notRemoved(err error) error {
	return asError(err, codeFailed, text.Sentence("The connection's file cannot be removed: "+err.Error()), "")
}

// keychainError is how a keychain that did not take something is told.
func keychainError(err error) error {
	if errors.Is(err, store.ErrNoKeyring) {
		return &tokens.Error{
			Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainMissing, Err: err,
			Detail: "This desktop has no default keyring yet, so nothing was kept. Have it make one, and try again.", Hint: "authtray unlock",
		}
	}
	if errors.Is(err, store.ErrLocked) {
		return &tokens.Error{
			Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainLocked, Err: err,
			Detail: "The keychain is locked, so nothing was kept. Unlock it and try again.", Hint: "authtray unlock",
		}
	}
	return &tokens.Error{
		Code: tokens.CodeKeychainLocked, Reason: tokens.ReasonKeychainUnavailable, Err: err,
		Detail: text.Sentence("The keychain cannot be reached, so nothing was kept: " + strings.TrimPrefix(err.Error(), store.ErrUnavailable.Error()+": ")),
	}
}
