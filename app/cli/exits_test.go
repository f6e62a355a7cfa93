package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

func TestErrorsAreOneSentenceWithTheNextStepAndAnExitCode(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 5, 0, time.Local)
	for _, c := range []struct {
		err  error
		exit int
		line string
	}{
		{nil, 0, ""},
		{usage("which %s?", "one"), 2, "which one?"},
		{failed("authtray status", "it broke."), 1, "it broke; run: authtray status"},
		{failed("authtray status", "it broke; see authtray status."), 1, "it broke; see authtray status."},
		{failed("authtray connect x", "no secret; set it with: authtray secret set x"), 1, "no secret; set it with: authtray secret set x"},
		{&client.Problem{Code: "unknown_connection", Detail: "There is no x."}, 1, "There is no x."},
		{&client.Problem{Code: "disconnected", Detail: "Not connected.", Hint: "authtray connect x"}, 3, "Not connected; run: authtray connect x"},
		{&client.Problem{Code: "connecting", Detail: "Waiting."}, 3, "Waiting."},
		{&client.Problem{Code: "reconnect_required", Detail: "Revoked."}, 3, "Revoked."},
		{&client.Problem{Code: "misconfigured", Detail: "Wrong."}, 1, "Wrong."},
		{&client.Problem{Code: "rejected_again", Detail: "Again."}, 1, "Again."},
		{&client.Problem{Code: "keychain_locked", Detail: "Locked."}, 6, "Locked."},
		{&client.Problem{Code: "temporarily_unavailable", Detail: "Down.", RetryAt: at}, 4, "Down; it is tried again at 12:00:05"},
		{&client.Problem{Code: "timeout", Detail: "Slow."}, 4, "Slow."},
		{&client.Problem{Code: "bad_request", Detail: "Bad."}, 2, "Bad."},
		{&client.Problem{Code: "not_allowed", Detail: "No."}, 1, "No."},
		{&client.Problem{Code: "unknown_provider", Detail: "No."}, 1, "No."},
		{&client.Problem{Code: "connect_failed", Detail: "Denied."}, 1, "Denied."},
		{&client.Problem{Code: "some day", Detail: "New."}, 1, "New."},
		{&client.Problem{Status: 502}, 1, "the agent answered 502"},
		{&client.Problem{Code: "misconfigured", Detail: "a\x1b[2Jb\nc"}, 1, "a[2Jb c"},
		{&tokens.Error{Code: tokens.CodeKeychainLocked, Detail: "Locked."}, 6, "Locked."},
		{fmt.Errorf("x: %w", client.ErrNoAgent), 5, "no agent is running; run: authtray run"},
		{fmt.Errorf("%w: it ended", client.ErrNoAnswer), 1, "the agent gave no answer: it ended; start it again with: authtray run"},
		{fmt.Errorf("%w: %w", client.ErrNoAnswer, context.DeadlineExceeded), 4, "the agent did not answer in time; run: authtray status"},
		{store.ErrLocked, 6, "the keychain is locked; run: authtray unlock"},
		{store.ErrUnavailable, 6, "the keychain cannot be reached"},
		{context.DeadlineExceeded, 4, "the agent did not answer in time; run: authtray status"},
		{context.Canceled, 1, "stopped"},
		{errors.New("anything"), 1, "anything"},
		{fmt.Errorf("%w: %w", agent.ErrStore, usage("no passphrase")), 6, "no passphrase"},
		{fmt.Errorf("x: %w", usage("no passphrase")), 2, "no passphrase"},
		{fmt.Errorf("%w: no bus", agent.ErrNoKeychain), 6, "there is no keychain here: no bus"},
	} {
		var errs bytes.Buffer
		s := &shell{err: &errs}
		exit := s.tell(c.err)
		line := strings.TrimSuffix(strings.TrimPrefix(errs.String(), "authtray: "), "\n")
		if exit != c.exit || line != c.line {
			t.Errorf("%v: %d %q, want %d %q", c.err, exit, line, c.exit, c.line)
		}
	}
}

func TestEveryStateThatIsNotConnectedHasItsExitCode(t *testing.T) {
	for _, s := range []tokens.State{tokens.Disconnected, tokens.Connecting, tokens.Retrying, tokens.ReconnectRequired, tokens.Misconfigured, tokens.KeychainLocked} {
		if exit := stateTrouble(tokens.Status{State: s}).exit; exit == exitDone || api.StateMarks[s] == "" {
			t.Errorf("%s: exit %d, mark %q", s, exit, api.StateMarks[s])
		}
	}
}

func TestEveryCodeIsInTheTableOfExitCodesOnce(t *testing.T) {
	for i, row := range exitCodes {
		if row.exit != i || row.meaning == "" {
			t.Errorf("row %d is %+v", i, row)
		}
	}
	for _, file := range []string{"../../tokens/status.go", "../api/problem.go"} {
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		ast.Inspect(source, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Code") || len(spec.Values) == 0 {
				return true
			}
			text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			rows := 0
			for _, row := range exitCodes {
				if slices.Contains(row.codes, tokens.Code(text)) {
					rows++
				}
			}
			if found++; rows != 1 {
				t.Errorf("%s stands %d times in the table", text, rows)
			}
			return true
		})
		if found < 5 {
			t.Errorf("only %d codes are in %s", found, file)
		}
	}
}

// TestExitCodesAreWrittenDownAsTheyAre: the package comment repeats the table for
// who reads the source, the help and the manual for everybody.
func TestExitCodesAreWrittenDownAsTheyAre(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Join(strings.Fields(strings.ReplaceAll(string(comment), "\n//", " ")), " ")
	for _, row := range exitCodes {
		want := fmt.Sprintf("%d %s", row.exit, row.meaning)
		if !strings.Contains(told, want) || !strings.Contains(Commands().Long, want) {
			t.Errorf("%q is not in the package comment, or not in the help", want)
		}
	}
}

func TestUnknownCommandSuggestsTheNearOne(t *testing.T) {
	for line, want := range map[string]string{
		"conect work": "did you mean connect?", "tokn work": "did you mean token?", "setup gitt work": "did you mean git?", "provider": "did you mean providers?", "xyzzy": "",
	} {
		t.Run(line, func(t *testing.T) {
			var errs strings.Builder
			s := &shell{in: strings.NewReader(""), out: io.Discard, err: &errs, now: time.Now}
			exit := s.main(t.Context(), strings.Fields(line))
			if exit != exitUsage || !strings.Contains(errs.String(), want) || want == "" && strings.Contains(errs.String(), "did you mean") || strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("exit %d: %s", exit, errs.String())
			}
		})
	}
}
