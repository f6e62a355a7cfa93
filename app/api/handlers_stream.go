package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/tokens"
)

// events streams changes of state (server-sent events): first every connection
// as it is, then each change. There is no heartbeat: the kernel tells when the
// other end is gone. A reader that leaves one event unread for WriteTimeout is
// hung up on; what it missed, the first events of its next call tell.
func (s *Server) events(c call) error {
	changes, removed, stop := s.agent.Subscribe() // before the first look: nothing falls between
	defer stop()
	c.w.Header().Set("Content-Type", "text/event-stream")
	for _, now := range s.agent.Connections() {
		if err := event(c.w, "connection", now.Status); err != nil {
			return nil
		}
	}
	if err := flush(c.w); err != nil {
		return nil
	}
	return s.stream(c, changes, removed)
}

func (s *Server) stream(c call, changes <-chan tokens.Status, removed <-chan string) error {
	for {
		var err error
		select {
		case <-c.r.Context().Done(): // the client's, and the server's
			return nil
		case now, ok := <-changes:
			if !ok {
				return nil
			}
			err = event(c.w, "connection", now)
		case name := <-removed:
			err = event(c.w, "removed", map[string]string{"name": name})
		}
		if err == nil {
			err = flush(c.w)
		}
		if err != nil {
			return nil // too slow, or gone
		}
	}
}

// event writes one event; JSON has no line breaks, so its data is one line.
func event(w http.ResponseWriter, name string, v any) error {
	data, err := encode(v) // ends its line
	if err != nil {
		return err
	}
	hurry(w)
	_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n", name, data)
	return err
}

func flush(w http.ResponseWriter) error {
	hurry(w)
	return http.NewResponseController(w).Flush()
}

const (
	defaultReads = 100
	maxReads     = 10_000
)

// reads streams the record of who read which token. A reader that leaves one
// line unread for WriteTimeout is hung up on.
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
	err = s.agent.Reads(c.r.Context(), n, follow, func(r audit.Record) error {
		text, err := encode(r)
		if err != nil {
			return err
		}
		hurry(c.w)
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
