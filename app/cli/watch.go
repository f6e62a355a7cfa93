package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

func (s *shell) watchCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "watch",
		Short: "Show each change of a connection as it happens",
		Long: `Show how every connection is, and then each change as it happens, a line each,
until it is interrupted or the agent ends.

With --json each line is {"event": "connection" or "removed", "connection": {…}}.`,
		Example: `  authtray watch
  authtray watch --json | jq --unbuffered -r .connection.state`,
		Args: cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "a JSON object a line")
	c.RunE = s.do(func(ctx context.Context, _ []string) error {
		stream, err := s.agent().Stream(ctx, http.MethodGet, "/v1/events", nil)
		if err != nil {
			return err
		}
		defer stream.Close()
		show := s.showEvent
		if asJSON {
			show = s.printEvent
		}
		// An agent that is gone ends the stream, however rudely.
		for event, data, err := stream.Event(); err == nil; event, data, err = stream.Event() {
			if err := show(event, data); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return nil // interrupted: that is how one stops watching
		}
		return &trouble{exit: exitNoAgent, sentence: "the agent has ended", hint: "authtray run"}
	})
	return c
}

func (s *shell) printEvent(event string, data []byte) error {
	line, err := json.Marshal(map[string]any{"event": event, "connection": json.RawMessage(data)})
	if err != nil {
		return fmt.Errorf("the agent's event cannot be read: %w", err)
	}
	return s.print("%s", text.EscapeJSON(line))
}

func (s *shell) showEvent(event string, data []byte) error {
	var st api.Connection
	if err := json.Unmarshal(data, &st); err != nil {
		return fmt.Errorf("the agent's event cannot be read: %w", err)
	}
	now := s.now().Local().Format(time.TimeOnly)
	if event == "removed" {
		return s.print("%s  %s  removed", now, oneLine(st.Name))
	}
	line := fmt.Sprintf("%s  %s  %s %s", now, oneLine(st.Name), api.StateMarks[st.State], st.State.Word())
	if st.Account != "" {
		line += " as " + api.Cell(st.Account, "")
	}
	switch {
	case st.State == tokens.Connected && (st.ExpiresAt != nil || st.NeverExpires):
		line += ", " + api.Expiry(st.Status, s.now())
	case st.Detail != "":
		line += ": " + oneLine(st.Detail)
	}
	for _, more := range []string{st.Note, st.ConfigError} {
		if more != "" {
			line += "; " + oneLine(more)
		}
	}
	return s.print("%s", line)
}
