package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// Codes that only the socket knows, beside those of package tokens.
const (
	CodeUnknownProvider tokens.Code = "unknown_provider"
	CodeConnectFailed   tokens.Code = "connect_failed"
	CodeOtherAccount    tokens.Code = "other_account"
	CodeOtherHost       tokens.Code = "other_host"
	CodeUnclearHost     tokens.Code = "unclear_host"
	CodeOtherPlace      tokens.Code = "other_place"
	CodeNotFound        tokens.Code = "not_found"
	CodeFailed          tokens.Code = "failed" // something on this machine: a disk, a folder, a program
)

// statuses is the HTTP status of each code.
var statuses = map[tokens.Code]int{
	tokens.CodeUnknownConnection:      http.StatusNotFound,
	tokens.CodeDisconnected:           http.StatusConflict,
	tokens.CodeConnecting:             http.StatusConflict,
	tokens.CodeReconnectRequired:      http.StatusConflict,
	tokens.CodeMisconfigured:          http.StatusConflict,
	tokens.CodeRejectedAgain:          http.StatusConflict,
	tokens.CodeKeychainLocked:         http.StatusLocked,
	tokens.CodeTemporarilyUnavailable: http.StatusServiceUnavailable,
	tokens.CodeTimeout:                http.StatusGatewayTimeout,
	tokens.CodeBadRequest:             http.StatusBadRequest,
	tokens.CodeNotAllowed:             http.StatusForbidden,
	CodeUnknownProvider:               http.StatusNotFound,
	CodeConnectFailed:                 http.StatusConflict,
	CodeOtherAccount:                  http.StatusConflict,
	CodeOtherHost:                     http.StatusConflict,
	CodeUnclearHost:                   http.StatusConflict,
	CodeOtherPlace:                    http.StatusConflict,
	CodeNotFound:                      http.StatusNotFound,
	CodeFailed:                        http.StatusInternalServerError,
}

// OtherAccount is the error of a flow that ended with an account that is not
// the connection's. Its grant is held until the user accepts it.
type OtherAccount struct {
	Problem *tokens.Error
	Account string // who signed in; hostile text
}

func (e *OtherAccount) Error() string { return e.Problem.Error() }
func (e *OtherAccount) Unwrap() error { return e.Problem }

// OtherHost is the error of a sign-in whose page is on another host than its
// provider. It goes on once the user has agreed to that host.
type OtherHost struct {
	Problem *tokens.Error
	Host    string // of the page; hostile text
}

func (e *OtherHost) Error() string { return e.Problem.Error() }
func (e *OtherHost) Unwrap() error { return e.Problem }

// Problem is an answer that is no success: application/problem+json (RFC 9457).
// No field holds a secret. It is package client's, so that tools need nothing of
// the server.
type Problem = client.Problem

// problem makes the answer to an error. ending says that the agent is, which ends
// every request; else a request that was given up was so because of its caller.
func problem(err error, ending bool) Problem {
	var other *OtherAccount
	account := ""
	if errors.As(err, &other) {
		account = other.Account
	}
	var page *OtherHost
	host := ""
	if errors.As(err, &page) {
		host = page.Host
	}
	e := explained(err, ending)
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	hint := e.Hint
	if hint == "" {
		hint = hints[e.Code]
	}
	return Problem{
		Code: string(e.Code), Title: http.StatusText(status), Status: status,
		Detail: e.Detail, Said: e.Said, Hint: hint, Reason: string(e.Reason), RetryAt: e.RetryAt.UTC(), Account: account, Host: host, Field: e.Field,
	}
}

// hints are for errors whose sentence comes without one. What a request has wrong
// is told by the sentence alone.
var hints = map[tokens.Code]string{
	tokens.CodeTemporarilyUnavailable: "authtray doctor",
	tokens.CodeTimeout:                "authtray status",
	CodeFailed:                        "authtray doctor",
}

// suggest adds to the sentence of a connection that does not exist those that were
// probably meant. The other machine is told of none.
func (s *Server) suggest(err error, asked string) error {
	var e *tokens.Error
	if s.allowed != nil || !errors.As(err, &e) || e.Code != tokens.CodeUnknownConnection || !strings.Contains(e.Detail, strconv.Quote(asked)) {
		return err
	}
	var names []string
	for _, c := range s.agent.Connections() {
		names = append(names, c.Name)
	}
	meant := text.Near(asked, names)
	if len(meant) == 0 {
		return err
	}
	better := *e
	better.Detail = strings.TrimSuffix(e.Detail, ".") + "; did you mean " + text.OrList(meant) + "?"
	return &better
}

// explained is the table of errors that are not written for people.
func explained(err error, ending bool) *tokens.Error {
	var e *tokens.Error
	switch {
	case errors.As(err, &e) && !(ending && (e.Code == tokens.CodeTimeout || e.Code == tokens.CodeTemporarilyUnavailable)):
		return e
	case e != nil, errors.Is(err, context.Canceled) && ending: // tokens/client knows it by its hint
		return &tokens.Error{Code: tokens.CodeTemporarilyUnavailable, Detail: "Authtray is ending. Start it again.", Hint: "authtray run"}
	case errors.Is(err, context.DeadlineExceeded):
		return &tokens.Error{Code: tokens.CodeTimeout, Detail: "It took longer than the caller had. Try again, or allow more time."}
	case errors.Is(err, context.Canceled):
		return &tokens.Error{Code: tokens.CodeBadRequest, Detail: "The caller hung up before there was an answer. Keep the connection open until it has come."}
	}
	return &tokens.Error{Code: CodeFailed, Detail: text.Sentence("Something on this computer does not work: " + err.Error())}
}

func badRequest(detail string) error {
	return &tokens.Error{Code: tokens.CodeBadRequest, Detail: detail}
}
