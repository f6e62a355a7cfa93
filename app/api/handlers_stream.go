package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/tokens"
)

// events streams changes (server-sent events): first every connection as it is,
// then each that changed. There is no heartbeat: the kernel tells when the other
// end is gone. A reader that is slow is told of no connection twice: the next event
// says how it is by then, or that it was removed. One that leaves an event unread
// for writeTimeout is hung up on. With mcp it is the bridge to a connection's MCP server
// that listens, to that connection alone, and its client counts as connected.
func (s *Server) events(c call) error {
	wants := func(name string) bool { return s.allowed == nil || s.allowed(name) }
	if q := c.r.URL.Query(); q.Has("mcp") {
		only, client := q.Get("mcp"), q.Get("client")
		if !wants(only) {
			return errRemote
		}
		if s.allowed != nil {
			client = Elsewhere
		}
		leave, err := s.agent.AttendMCP(only, client)
		if err != nil {
			return err
		}
		defer leave()
		wants = func(name string) bool { return name == only }
	}
	ctx, cancel := s.streaming(c)
	defer cancel()
	changes := s.agent.Subscribe() // before the first look: nothing falls between
	defer changes.Stop()
	c.w.Header().Set("Content-Type", "text/event-stream")
	for _, now := range s.agent.Connections() {
		if !wants(now.Name) {
			continue
		}
		if s.allowed != nil {
			now = stateOf(now)
		}
		if err := event(c.w, "connection", now); err != nil {
			return nil
		}
	}
	for {
		if err := flush(c.w); err != nil {
			return nil // too slow, or gone
		}
		names, err := changes.Wait(ctx) // the client's, and the server's
		if err != nil {
			return nil
		}
		for _, name := range names {
			if !wants(name) {
				continue
			}
			if err := s.change(c.w, name); err != nil {
				return nil
			}
		}
	}
}

// change writes how a connection that changed is now.
func (s *Server) change(w http.ResponseWriter, name string) error {
	now, err := s.agent.Connection(name)
	var e *tokens.Error
	switch {
	case errors.As(err, &e) && e.Code == tokens.CodeUnknownConnection:
		return event(w, "removed", map[string]string{"name": name})
	case err != nil:
		return err
	}
	now = now.Brief()
	if s.allowed != nil {
		now = stateOf(now)
	}
	return event(w, "connection", now)
}

// event writes one event; JSON has no line breaks, so its data is one line.
func event(w http.ResponseWriter, name string, v any) error {
	data, err := encode(v) // ends its line
	if err != nil {
		return err
	}
	setWriteDeadline(w)
	_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n", name, data)
	return err
}

func flush(w http.ResponseWriter) error {
	setWriteDeadline(w)
	return http.NewResponseController(w).Flush()
}

const (
	defaultReads = 100
	maxReads     = 10_000
)

// reads streams the record of who read which token. A reader that leaves one
// line unread for writeTimeout is hung up on.
func (s *Server) reads(c call) error {
	n, err := count(c, "n", defaultReads, maxReads)
	if err != nil {
		return err
	}
	follow, err := flag(c, "follow")
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", lines)
	if follow {
		if err := flush(c.w); err != nil { // a reader that follows is told at once that it may wait
			return nil
		}
	}
	ctx, cancel := s.streaming(c)
	defer cancel()
	err = s.agent.Reads(ctx, n, follow, func(r audit.Record) error {
		text, err := encode(r)
		if err != nil {
			return err
		}
		setWriteDeadline(c.w)
		if _, err := c.w.Write(text); err != nil || !follow {
			return err
		}
		return flush(c.w)
	})
	if err != nil && !follow { // of a follower: too slow, or gone
		return err
	}
	return nil
}

// count reads a number that is not negative; more than most is most.
func count(c call, name string, otherwise, most int) (int, error) {
	q := c.r.URL.Query()
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 {
		return 0, badRequest(name + " is a number, such as 100.")
	}
	return min(n, most), nil
}
