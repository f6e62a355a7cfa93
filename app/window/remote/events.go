package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/authtray/authtray/tokens"
)

// Event is a change of one connection.
type Event struct {
	Status  tokens.Status
	Removed bool // the connection named in Status is gone
}

// Events calls opened once when the agent has taken the request, then each with
// every event until ctx or the agent ends. It always returns an error.
func (c *Client) Events(ctx context.Context, opened func(), each func(Event)) error {
	res, err := c.send(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	opened()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxLine)
	var kind string
	var data strings.Builder
	for lines.Scan() {
		switch field, value := cut(lines.Text()); field {
		case "event":
			kind = value
		case "data":
			data.WriteString(value)
		case "":
			deliver(kind, data.String(), each)
			kind = ""
			data.Reset()
		}
	}
	return ended(lines.Err())
}

// cut splits a line of a text/event-stream; an empty line has no field, a
// comment has the field ":".
func cut(line string) (field, value string) {
	if strings.HasPrefix(line, ":") {
		return ":", ""
	}
	field, value, _ = strings.Cut(line, ":")
	return field, strings.TrimPrefix(value, " ")
}

func deliver(kind, data string, each func(Event)) {
	if kind != "connection" && kind != "removed" {
		return
	}
	e := Event{Removed: kind == "removed"}
	if json.Unmarshal([]byte(data), &e.Status) == nil && e.Status.Name != "" {
		each(e)
	}
}
