package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

func (s *shell) statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show how the connections are",
		Example: `  authtray status
  authtray status work
  authtray status --json | jq -r '.connections[] | select(.state != "connected") | .name'`,
		Args: atMostNamed,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		path := "/v1/connections"
		if len(args) == 1 {
			path = connection(args[0])
		}
		switch {
		case asJSON:
			return s.copyJSON(ctx, path)
		case len(args) == 1:
			return s.showOne(ctx, path)
		}
		if _, ok, err := s.early(); ok && err != nil {
			return err
		}
		return s.showAll(ctx, path)
	})
	return c
}

// copyJSON prints an answer of the agent as it came, indented.
func (s *shell) copyJSON(ctx context.Context, path string) error {
	var raw json.RawMessage
	if err := s.get(ctx, path, &raw); err != nil {
		return err
	}
	return s.printJSON(raw)
}

func (s *shell) printJSON(v any) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return err
	}
	_, err := s.out.Write(text.EscapeJSON(b.Bytes()))
	return err
}

func (s *shell) showAll(ctx context.Context, path string) error {
	var all struct {
		Connections []api.Connection `json:"connections"`
	}
	if err := s.get(ctx, path, &all); err != nil {
		return err
	}
	var health api.Health
	if err := s.get(ctx, "/v1/health", &health); err != nil {
		return err
	}
	return s.put(api.StatusText(all.Connections, health.Notes, s.now()), nil)
}

func (s *shell) showOne(ctx context.Context, path string) error {
	var st api.Connection
	if err := s.get(ctx, path, &st); err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	row := func(label, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", label, value)
		}
	}
	fmt.Fprintf(t, "%s\t%s %s\n", st.Name, api.StateMarks[st.State], st.State.Word())
	if st.State != tokens.Connected && st.Detail != "" {
		row("", stateTrouble(st.Status).line())
	}
	row("", oneLine(st.Note))
	row("", api.QuestionLine(st))
	row("file", oneLine(st.ConfigError))
	row("provider", api.Cell(st.ProviderName, st.Provider))
	row("account", oneLine(st.Account))
	row("scopes", oneLine(strings.Join(st.Scopes, " ")))
	row("asked for", askedFor(st))
	if st.MCP != nil {
		row("mcp server", api.Cell(st.MCP.Server, "not asked yet"))
		row("tools", oneLine(strings.Join(st.MCP.Tools, ", ")))
		row("ai clients", oneLine(cmp.Or(strings.Join(st.MCP.Clients, ", "), "none is connected")))
	}
	row("token", api.Expiry(st.Status, s.now()))
	row("renewed", s.moment(st.RefreshedAt))
	row("next try", s.moment(st.RetryAt))
	row("connected", s.moment(st.ConsentedAt))
	row("ends", s.moment(st.EndsAt))
	if st.Unsaved {
		row("", oneLine(unsaved(st.Status)))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return s.history(s.out, st.Events)
}

// askedFor tells of scopes that are asked for and were not granted; "" for none. What
// the provider left out once it would leave out again.
func askedFor(st api.Connection) string {
	if len(st.Scopes) == 0 || len(st.NotGranted()) == 0 {
		return ""
	}
	line := oneLine(strings.Join(st.Asked, " "))
	if later := st.NotYetAsked(); len(later) > 0 {
		line += "; not granted yet: " + oneLine(strings.Join(later, " ")) + ". To ask, run: authtray connect " + st.Name
	}
	if len(st.Withheld) == 0 {
		return line
	}
	line += "; the provider did not grant: " + oneLine(strings.Join(st.Withheld, " "))
	others := ""
	for _, s := range st.Asked {
		if !slices.Contains(st.Withheld, s) {
			others += " --scope " + shellquote.Word(shellquote.Local(), oneLine(s))
		}
	}
	if others != "" {
		line += ". To ask for the others only, run: authtray add " + st.Name + others
	}
	return line
}

// unsaved is why the newest grant is not in the keychain.
func unsaved(st tokens.Status) string {
	if st.State == tokens.Connected && st.Detail != "" {
		return st.Detail
	}
	return tokens.Unsaved.Sentence(tokens.English, st.ProviderName, "")
}

// moment is a time and how far off it is; "" for none.
func (s *shell) moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Local().Format(time.DateTime) + " (" + text.When(*t, s.now()) + ")"
}

func (s *shell) history(w io.Writer, events []tokens.Event) error {
	if len(events) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t)
	for _, e := range events {
		fmt.Fprintf(t, "%s\t%s\t%s\n", e.Time.Local().Format(time.DateTime), oneLine(strings.ReplaceAll(string(e.What), "_", " ")), oneLine(e.Detail))
	}
	return t.Flush()
}
