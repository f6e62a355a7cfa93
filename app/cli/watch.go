package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
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
until it is interrupted or the agent ends. A line that would say nothing new is
left out.

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
		show, same := s.showEvent, s.readsTheSame
		if asJSON {
			show, same = s.printEvent, func(was, now api.Connection) bool { return reflect.DeepEqual(was, now) }
		}
		told := map[string]api.Connection{}
		// An agent that is gone ends the stream, however rudely.
		for event, data, err := stream.Event(); err == nil; event, data, err = stream.Event() {
			var now api.Connection
			if err := json.Unmarshal(data, &now); err != nil {
				return fmt.Errorf("the agent's event cannot be read: %w", err)
			}
			was, before := told[now.Name]
			if told[now.Name] = now; event == "removed" {
				delete(told, now.Name)
			} else if before && same(was, now) {
				continue
			}
			if err := show(event, data, now); err != nil {
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

func (s *shell) printEvent(event string, data []byte, _ api.Connection) error {
	line, err := json.Marshal(map[string]any{"event": event, "connection": json.RawMessage(data)})
	if err != nil {
		return fmt.Errorf("the agent's event cannot be read: %w", err)
	}
	return s.print("%s", text.EscapeJSON(line))
}

func (s *shell) showEvent(event string, _ []byte, st api.Connection) error {
	said := "removed"
	if event != "removed" {
		said = standing(st, s.now())
	}
	return s.print("%s  %s  %s", s.now().Local().Format(time.TimeOnly), oneLine(st.Name), said)
}

// readsTheSame: an event also comes of what is not shown here, such as that the user
// was told of a dead grant. A renewal is news, whatever the line says.
func (s *shell) readsTheSame(was, now api.Connection) bool {
	at := s.now()
	return standing(was, at) == standing(now, at) && reflect.DeepEqual(was.RefreshedAt, now.RefreshedAt)
}

// standing is how a connection is, in a line.
func standing(st api.Connection, at time.Time) string {
	line := api.StateMarks[st.State] + " " + st.State.Word()
	if st.Account != "" {
		line += " as " + api.Cell(st.Account, "")
	}
	switch {
	case st.State == tokens.Connected && (st.ExpiresAt != nil || st.NeverExpires):
		line += ", " + api.Expiry(st.Status, at)
	case st.Detail != "":
		line += ": " + oneLine(st.Detail)
	}
	for _, more := range []string{st.Note, api.QuestionLine(st), st.ConfigError} {
		if more != "" {
			line += "; " + oneLine(more)
		}
	}
	return line
}
