package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// TestProblemNamesTheFieldThatIsWrong as a connection's file calls it.
func TestProblemNamesTheFieldThatIsWrong(t *testing.T) {
	w := newWorld(t)
	for field, wrong := range map[string]any{
		"vars.port": map[string]string{"port": "no port"}, "client_id": "a b", "scopes": []string{"a b"}, "mcp": "nonsense",
		"override.tokens.default_expires_in": map[string]any{"tokens": map[string]any{"default_expires_in": "x"}},
		"ca_file":                            "not/absolute", "provider": "practise",
	} {
		t.Run(field, func(t *testing.T) {
			conn := w.practice()
			member := map[string]string{"vars.port": "vars", "override.tokens.default_expires_in": "override"}[field]
			if member == "" {
				member = field
			}
			conn[member] = wrong
			if p := w.call("PUT", "/connections/wrong", conn).problem(tokens.CodeBadRequest, 400); p.Field != field {
				t.Errorf("the field is %q in %+v", p.Field, p)
			}
		})
	}
	if p := w.call("PUT", "/connections/Wrong", w.practice()).problem(tokens.CodeBadRequest, 400); p.Field != "name" {
		t.Errorf("the field of a wrong name is %q", p.Field)
	}
}

// TestSignInErrorKeepsItsCause: who tells people of it has a sentence, and who
// decides has errors.Is.
func TestSignInErrorKeepsItsCause(t *testing.T) {
	for name, c := range map[string]struct {
		err, is error
		field   string
	}{
		"a scope":            {&refusal.Failure{Class: refusal.Misconfigured, Code: "invalid_scope", Detail: "No."}, nil, "scopes"},
		"a secret":           {&refusal.Failure{Class: refusal.Misconfigured, Code: "no_client_secret", Detail: "No."}, nil, "client_secret"},
		"a client":           {&refusal.Failure{Class: refusal.Misconfigured, Code: "invalid_client", Detail: "No."}, nil, "client_id"},
		"a passing trouble":  {&refusal.Failure{Class: refusal.Transient, Code: "invalid_client", Detail: "No.", Err: fs.ErrPermission}, fs.ErrPermission, ""},
		"a cancelled flow":   {fmt.Errorf("x: %w", context.Canceled), context.Canceled, ""},
		"a time-out":         {context.DeadlineExceeded, context.DeadlineExceeded, ""},
		"something else":     {fmt.Errorf("x: %w", fs.ErrPermission), fs.ErrPermission, ""},
		"a problem with one": {&tokens.Error{Code: api.CodeConnectFailed, Detail: "No.", Field: "mcp", Err: fs.ErrExist}, fs.ErrExist, "mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			got := signInError("work", c.err)
			var e *tokens.Error
			if !errors.As(got, &e) || e.Code != api.CodeConnectFailed || e.Field != c.field || c.is != nil && !errors.Is(got, c.is) {
				t.Errorf("%+v", got)
			}
		})
	}
	if signInError("work", nil) != nil {
		t.Error("an error without one")
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	denied := fmt.Errorf("open x: %w", fs.ErrPermission)
	for name, err := range map[string]error{
		"asError": asError(denied, codeFailed, "No.", ""), "badConnection": badConnection(denied),
		"notRemoved": notRemoved(denied), "keychainError": keychainError(fmt.Errorf("%w: %w", store.ErrUnavailable, fs.ErrPermission)),
	} {
		t.Run(name, func(t *testing.T) {
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%v has lost it", err)
			}
		})
	}
}
