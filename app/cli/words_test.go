package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/desktop/tray"
	"github.com/authtray/authtray/app/version"
	"github.com/authtray/authtray/tokens"
)

// wayOn is what a sentence must say to do, or that nothing has to be done.
var wayOn = regexp.MustCompile(`(?i)connect\b|authtray [a-z]+|\b(check|correct|register|enable|set|fix|choose|unlock|start) |retries|trying .* again|in the browser`)

// TestEveryStateIsToldInASentenceWithTheWayOn: whatever is wrong, for whatever
// reason, at whichever provider and with whatever the provider's client had to say
// of it, every face of the agent says it on one line, and what to do.
func TestEveryStateIsToldInASentenceWithTheWayOn(t *testing.T) {
	var all []api.Connection
	var refusals []*tokens.Error
	for _, provider := range []string{"GitHub", "Google Cloud Platform"} {
		for _, detail := range append([]string{""}, providerSentences(t)...) {
			detail = strings.Replace(detail, "The provider", provider, 1)
			for s, reasons := range tokens.Explanations {
				for r := range reasons {
					if r == tokens.ReasonNone && s != tokens.Disconnected && s != tokens.Connecting {
						continue // no connection is in these without a reason
					}
					for _, unsaved := range []bool{false, true} {
						st := tokens.Status{Name: fmt.Sprintf("c%d", len(all)), Provider: "p", ProviderName: provider,
							State: s, Reason: r, Detail: tokens.Sentence(s, r, provider, detail), Unsaved: unsaved}
						all = append(all, api.Connection{Status: st})
						refusals = append(refusals, tokens.Refusal(st.Name, s, r, provider, detail))
					}
				}
			}
		}
	}
	status := statusFace(t, all)
	for i, st := range all {
		told := func(face, line string) {
			t.Helper()
			if trouble := amiss(line); trouble != "" {
				t.Errorf("%s, %s %s: %s: %q", face, st.State, st.Reason, trouble, line)
			}
		}
		told("status", status.all[st.Name])
		told("status NAME", status.one(t, st.Name))
		for _, others := range []bool{false, true} {
			tip := tooltip(st.Status, others)
			if told("tooltip", tip); strings.Contains(tip, "…") {
				t.Errorf("tooltip, %s %s: cut: %q", st.State, st.Reason, tip)
			}
		}
		for _, item := range tray.Build([]tokens.Status{st.Status}, tray.Surroundings{Now: time.Now()}) {
			if item.Do.Name == st.Name && item.Label == "…" || strings.Contains(item.Label, "{{") {
				t.Errorf("menu, %s %s: %q", st.State, st.Reason, item.Label)
			}
		}
		p := problemFace(t, refusals[i])
		told("problem", p.Detail+" ("+p.Hint+")")
		if p.Hint == "" || amiss(p.Detail) == "it does not end" {
			t.Errorf("problem, %s %s: %+v", st.State, st.Reason, p)
		}
	}
	if len(all) < 2000 {
		t.Errorf("only %d cases", len(all))
	}
}

// keychainStep is what a line says at most once: who is told to unlock the keychain
// and then to start it, or to unlock it twice, does not know which it is.
var keychainStep = regexp.MustCompile(`(?i)\b(unlock|start) the keychain`)

// amiss says what is wrong with a line that people read; "" for nothing.
func amiss(line string) string {
	switch {
	case strings.ContainsFunc(line, func(r rune) bool { return unicode.Is(unicode.C, r) }):
		return "it holds control characters"
	case !regexp.MustCompile(`[.!?]$|authtray [a-z -]+[a-z0-9]*$|\(authtray [^)]+\)$`).MatchString(line):
		return "it does not end"
	case !wayOn.MatchString(line):
		return "it does not say what to do"
	case len(keychainStep.FindAllString(line, -1)) > 1:
		return "it says twice what to do with the keychain"
	case strings.Contains(line, ".."), strings.Contains(line, "%!"), strings.Contains(line, "{{"), strings.Contains(line, ". ;"), strings.Contains(line, "  "):
		return "it is badly put together"
	}
	return ""
}

// providerSentences are what the provider's client says of a failure: every text
// in its sources that begins as its sentences do.
func providerSentences(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range []string{"refusal/sentences.go", "send.go", "client.go", "device.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../../providers/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(text, "The ") && strings.HasSuffix(text, ".") {
					all = append(all, strings.NewReplacer("%q", `"odd_code"`, "%s", "odd_code").Replace(text))
				}
			}
			return true
		})
	}
	if len(all) < 30 {
		t.Fatalf("only %d sentences were found", len(all))
	}
	return append(all, `work.toml:3: there is no field "scops"`, "two\nlines") // of a file
}

// statusText is what `authtray status` prints.
type statusText struct {
	all map[string]string
	one func(t *testing.T, name string) string
}

func statusFace(t *testing.T, all []api.Connection) statusText {
	t.Helper()
	byName := map[string]api.Connection{}
	for _, c := range all {
		byName[c.Name] = c
	}
	serveAgent(t, func(w http.ResponseWriter, r *http.Request) {
		switch name, _ := strings.CutPrefix(r.URL.Path, "/v1/connections/"); r.URL.Path {
		case "/v1/connections":
			json.NewEncoder(w).Encode(map[string]any{"connections": all})
		case "/v1/health":
			json.NewEncoder(w).Encode(api.Health{})
		default:
			json.NewEncoder(w).Encode(byName[name])
		}
	})
	lines := map[string]string{}
	for line := range strings.Lines(runStatus(t)) {
		if name, sentence, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			lines[name] = sentence
		}
	}
	return statusText{lines, func(t *testing.T, name string) string {
		t.Helper()
		rows := strings.Split(runStatus(t, name), "\n")
		return strings.TrimLeft(rows[1], " ") // under the name and the state
	}}
}

func runStatus(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	sh := &shell{in: strings.NewReader(""), out: &out, err: &errs, now: time.Now, build: version.Build{Version: "test"}}
	if code := sh.main(t.Context(), append([]string{"status"}, args...)); code != 0 {
		t.Fatalf("status %v ended with %d: %s", args, code, errs.String())
	}
	return out.String()
}

func tooltip(st tokens.Status, others bool) string {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := now.Add(3 * time.Minute)
	st.RetryAt = &at
	all := []tokens.Status{st}
	if others {
		second := st
		second.Name = "another"
		all = append(all, second)
	}
	return tray.Tooltip(all, "", tray.Surroundings{Now: now})
}

// refusing is an agent that gives no token, and says why.
type refusing struct {
	api.Agent
	err error
}

func (refusing) Used() {}

func (r refusing) Token(context.Context, string, tokens.Want) (tokens.Token, error) {
	return tokens.Token{}, r.err
}

func problemFace(t *testing.T, err error) (p api.Problem) {
	t.Helper()
	w := httptest.NewRecorder()
	s := api.NewServer(refusing{err: err}, slog.New(slog.DiscardHandler))
	s.ServeHTTP(w, httptest.NewRequest("GET", "http://agent/v1/connections/work/token", nil))
	body, _ := io.ReadAll(w.Body)
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	return p
}
