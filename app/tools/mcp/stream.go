package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// listenTo reads what the server sends by itself, up to 2025-11-25: the stream that
// GET opens. The SDK opens it for its own client only. A server need not have one.
// One that breaks off is taken up where it broke, where the server numbers its
// events.
func (b *bridge) listenTo(s *session) {
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	go func() {
		select {
		case <-s.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	at := &position{}
	for n := 0; ctx.Err() == nil; n++ {
		got, err := b.listenOnce(ctx, s, at)
		var t *trouble
		switch {
		case errors.As(err, &t) && t.kind == noSession:
			s.stop()
			return
		case errors.Is(err, errNoStream), errors.As(err, &t) && (t.kind == refused || t.kind == denied):
			return
		}
		if got {
			n = 0
		}
		wait := max(pause(n+2), at.retry)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

var errNoStream = errors.New("the server has no such stream")

// position is how far a stream was read, and what its server said of retrying.
type position struct {
	id    string
	retry time.Duration
}

// listenOnce reads one stream to its end. got: a message came.
func (b *bridge) listenOnce(ctx context.Context, s *session, at *position) (got bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.String(), nil)
	if err != nil {
		return false, err
	}
	r.Header.Set("Accept", "text/event-stream")
	if id := s.conn.SessionID(); id != "" {
		r.Header.Set(sessionHeader, id)
	}
	if at.id != "" {
		r.Header.Set("Last-Event-ID", at.id)
	}
	answer, err := httpClient(s.transport).Do(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != "text/event-stream" {
		return false, errNoStream
	}
	Shed()
	lines := bufio.NewReader(answer.Body)
	for {
		data, err := nextEvent(lines, at, maxMessage)
		if err != nil {
			return got, err
		}
		msg, err := decodeMessage(data)
		if err != nil {
			continue
		}
		got = true
		s.deliver(msg, b.fromServer)
	}
}

// maxRetry bounds the pause that a server may wish.
const maxRetry = time.Minute

// nextEvent is the data of the next event that has any, and no more than limit bytes.
func nextEvent(lines *bufio.Reader, at *position, limit int) ([]byte, error) {
	var data []byte
	for {
		line, err := boundedLine(lines, limit-len(data))
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if len(data) > 0 {
				return data, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
		case "id":
			at.id = string(value)
		case "retry":
			if ms, err := strconv.Atoi(string(value)); err == nil && ms >= 0 {
				at.retry = min(time.Duration(ms)*time.Millisecond, maxRetry)
			}
		}
	}
}

// boundedLine is a line without its end.
func boundedLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > limit:
			return nil, tooLong
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, io.ErrUnexpectedEOF
		default:
			return bytes.TrimRight(line, "\r\n"), nil
		}
	}
}
