package mcp

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/authtray/authtray/tokens/client"
)

// agentLines are connections to the agent, kept for the next questions: a new one for
// each token would be a third of what a call takes longer through the bridge. There is
// no http.Transport because its goroutines hand each question over four times, which
// takes longer than the agent does.
type agentLines struct {
	agent client.Agent

	mu   sync.Mutex
	idle []*agentLine
}

// agentLine is one such connection.
type agentLine struct {
	conn   net.Conn
	from   *bufio.Reader
	hangUp *time.Timer // ends what nobody needs any more; nil while it is asked
}

const (
	lineIdle   = time.Minute // how long a connection to the agent is kept
	lineBuffer = 2 << 10
	maxAgent   = 1 << 20 // an answer of the agent's, in bytes
)

// ask sends a request and reads its answer whole. An agent that was restarted, or hung
// up, is asked once more: what a bridge asks it may be told twice.
func (l *agentLines) ask(ctx context.Context, r *http.Request) (answer *http.Response, body []byte, err error) {
	for line := l.take(); line != nil; line = l.take() {
		if answer, body, err = l.on(ctx, line, r); err == nil || ctx.Err() != nil {
			return answer, body, err
		}
	}
	conn, err := l.agent.Dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer Shed()
	return l.on(ctx, &agentLine{conn: conn, from: bufio.NewReaderSize(conn, lineBuffer)}, r)
}

// on asks on one connection, and keeps it where that can be.
func (l *agentLines) on(ctx context.Context, line *agentLine, r *http.Request) (*http.Response, []byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = line.conn.SetDeadline(time.Unix(1, 0)) })
	answer, body, err := line.exchange(r)
	switch {
	case !stop() || err != nil || answer.Close:
		line.conn.Close()
	default:
		l.keep(line)
	}
	return answer, body, err
}

func (l *agentLine) exchange(r *http.Request) (*http.Response, []byte, error) {
	if r.GetBody != nil {
		var err error
		if r.Body, err = r.GetBody(); err != nil {
			return nil, nil, err
		}
	}
	var question bytes.Buffer
	if err := r.Write(&question); err != nil {
		return nil, nil, err
	}
	if _, err := l.conn.Write(question.Bytes()); err != nil {
		return nil, nil, client.ErrNoAnswer
	}
	answer, err := http.ReadResponse(l.from, r)
	if err != nil {
		return nil, nil, client.ErrNoAnswer
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAgent+1))
	if err != nil || len(body) > maxAgent {
		return nil, nil, client.ErrNoAnswer
	}
	return answer, body, nil
}

// take is a connection that waits, or nil.
func (l *agentLines) take() *agentLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := len(l.idle) - 1; n >= 0; n = len(l.idle) - 1 {
		line := l.idle[n]
		l.idle = l.idle[:n]
		if line.hangUp.Stop() {
			return line
		}
	}
	return nil
}

func (l *agentLines) keep(line *agentLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line.hangUp = time.AfterFunc(lineIdle, func() { l.drop(line) })
	l.idle = append(l.idle, line)
}

// drop ends a connection that was not needed for long.
func (l *agentLines) drop(line *agentLine) {
	line.conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, other := range l.idle {
		if other == line {
			l.idle = append(l.idle[:n], l.idle[n+1:]...)
			return
		}
	}
}
