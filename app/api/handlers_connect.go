package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/authtray/authtray/providers"
)

func (s *Server) connect(c call) error {
	var in ConnectRequest
	if err := decode(c.r, &in, true); err != nil {
		return err
	}
	if err := mode(&in); err != nil {
		return err
	}
	wait, err := flag(c, "wait")
	if err != nil {
		return err
	}
	p, err := s.agent.Connect(c.r.Context(), c.name, in)
	if err != nil {
		return err
	}
	switch {
	case p != nil && !wait:
		return answer(c.w, p.Attempt())
	case p != nil && c.r.Header.Get("Accept") == lines:
		return s.both(c, p)
	}
	return s.ended(c, p)
}

// lines is a JSON object a line, as they come.
const lines = "application/x-ndjson"

// both answers twice: how a person goes on, at once, and then how it ended. Two
// requests would miss a flow that ends between them.
func (s *Server) both(c call, p Pending) error {
	c.w.Header().Set("Content-Type", lines)
	if err := line(c.w, "attempt", p.Attempt()); err != nil {
		return nil // the client is gone; the flow goes on
	}
	now, err := p.Wait(c.r.Context())
	if err != nil {
		_ = line(c.w, "problem", problem(err, s.base.Err() != nil))
		return nil
	}
	_ = line(c.w, "connection", now)
	return nil
}

func line(w http.ResponseWriter, name string, v any) error {
	text, err := encode(map[string]any{name: v})
	if err != nil {
		return err
	}
	setWriteDeadline(w)
	if _, err := w.Write(text); err != nil {
		return err
	}
	return flush(w)
}

// ended waits for the flow, which has a time-out of its own, and answers with
// the connection as it is then.
func (s *Server) ended(c call, p Pending) error {
	if p == nil { // the held grant was taken
		return s.show(c)
	}
	now, err := p.Wait(c.r.Context())
	if err != nil {
		return err
	}
	return answer(c.w, now)
}

func mode(in *ConnectRequest) error {
	switch in.Mode {
	case "":
		in.Mode = providers.Browser
	case providers.Browser, providers.URLOnly, providers.Device, ModeAsk:
	default:
		return badRequest("mode is browser, url, device or ask.")
	}
	return nil
}

func flag(c call, name string) (bool, error) {
	q := c.r.URL.Query()
	if !q.Has(name) {
		return false, nil
	}
	on, err := strconv.ParseBool(q.Get(name))
	if err != nil {
		return false, badRequest(fmt.Sprintf("%s is true or false.", name))
	}
	return on, nil
}

func (s *Server) redirect(c call) error {
	var in Redirect
	if err := decode(c.r, &in, false); err != nil {
		return err
	}
	if in.URL == "" {
		return badRequest("url is the whole address that the browser was sent to.")
	}
	now, err := s.agent.Paste(c.r.Context(), c.name, in.URL)
	if err != nil {
		return err
	}
	return answer(c.w, now)
}

func (s *Server) cancel(c call) error {
	timedOut, err := flag(c, "timed_out")
	if err != nil {
		return err
	}
	if err := s.agent.CancelConnect(c.name, timedOut); err != nil {
		return err
	}
	return done(c.w)
}
