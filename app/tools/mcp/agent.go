package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/authtray/authtray/app/stack"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// agentTokens are a connection's tokens, as the agent names them. Nothing is kept
// between requests but what was named last, to be recognised in what the server
// says, and the connections to the agent.
type agentTokens struct {
	agent  *agentLines
	name   string
	server string // the URL of the MCP server, the only one that is sent them
	scopes string // of a narrower token; "": the connection's own

	purpose func(context.Context) string
	seen    func(token string)
}

// agentTime is how long the agent is waited for: it gives up on a refresh after
// tokens.DefaultTimeout.
const agentTime = tokens.DefaultTimeout + 5*time.Second

// agentHTTP reaches the agent.
func agentHTTP(a client.Agent) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return a.Dial(ctx) },
		IdleConnTimeout: lineIdle, ReadBufferSize: lineBuffer, WriteBufferSize: lineBuffer}
}

func (a agentTokens) token(ctx context.Context) (string, error) {
	return a.do(ctx, http.MethodGet, "token", nil)
}

func (a agentTokens) rejected(ctx context.Context, old string) (string, error) {
	return a.do(ctx, http.MethodPost, "rejected", mustJSON(map[string]string{"access_token": old}))
}

func (a agentTokens) do(ctx context.Context, method, what string, body []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, agentTime)
	defer cancel()
	q := url.Values{"mcp": {a.server}}
	if p := a.purpose(ctx); p != "" {
		q.Set("for", p)
	}
	if a.scopes != "" && method == http.MethodGet {
		q.Set("scope", a.scopes)
	}
	at := agentURL + connectionPath(a.name) + "/" + what + "?" + q.Encode()
	r, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return "", agentTrouble(err)
	}
	answer, said, err := a.agent.ask(ctx, r)
	if err != nil {
		return "", agentTrouble(err)
	}
	if p := agentProblem(answer, said); p != nil {
		return "", agentTrouble(p)
	}
	var t struct {
		AccessToken string `json:"access_token"`
	}
	if answer.StatusCode != http.StatusOK || json.Unmarshal(said, &t) != nil || t.AccessToken == "" {
		return "", agentTrouble(client.ErrNoAnswer)
	}
	a.seen(t.AccessToken)
	return t.AccessToken, nil
}

// agentURL begins the addresses of the agent, which ignores the host.
const agentURL = "http://authtray"

func connectionPath(name string) string { return "/v1/connections/" + url.PathEscape(name) }

// connected waits until the agent says that the connection is connected, or
// until its stream of events ends.
func connected(ctx context.Context, agent client.Agent, name string) error {
	events, err := agent.Stream(ctx, http.MethodGet, "/v1/events", nil)
	if err != nil {
		return err
	}
	defer events.Close()
	for {
		kind, data, err := events.Event()
		if err != nil {
			return err
		}
		var now struct {
			Name  string       `json:"name"`
			State tokens.State `json:"state"`
		}
		if kind == "connection" && json.Unmarshal(data, &now) == nil && now.Name == name && now.State == tokens.Connected {
			return nil
		}
	}
}

// attend has the agent show the client as connected, beside what the server has said
// by now, until the bridge ends or attend is called anew.
func (b *bridge) attend() {
	ctx, leave := context.WithCancel(b.ctx)
	b.mu.Lock()
	before, client := b.leave, b.client
	b.leave = leave
	b.mu.Unlock()
	if before != nil {
		before()
	}
	go func() {
		stack.Grow()
		for n := 0; ctx.Err() == nil; n++ {
			if b.attended(ctx, client) {
				n = -1
			}
			select {
			case <-time.After(pause(n + 2)):
			case <-ctx.Done():
			}
		}
	}()
}

// attended returns when the agent does not show the client any more, and reports
// whether it did.
func (b *bridge) attended(ctx context.Context, client string) bool {
	q := url.Values{"mcp": {b.Name}, "client": {client}}
	events, err := b.Agent.Stream(ctx, http.MethodGet, "/v1/events?"+q.Encode(), nil)
	if err != nil {
		return false
	}
	defer events.Close()
	Shed()
	for err == nil {
		_, _, err = events.Event()
	}
	return true
}

// The pauses between two tries, where nothing says when to try again.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
	idlePause  = 5 * time.Minute // where nobody waits and the agent has no token
)

// pause is how long to wait before the try after the nth.
func pause(n int) time.Duration { return min(firstPause<<min(n, 10), lastPause) }

// await waits until it is worth asking again after t: the agent has news, the
// pause is over, or poke is closed. n counts the tries in a row.
func (b *bridge) await(ctx context.Context, t *trouble, n int, poke <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	long := pause(n)
	if !t.until.IsZero() {
		long = max(long, min(time.Until(t.until), time.Minute))
	}
	if t.kind == noToken && t.problem != nil && poke != nil {
		long = max(long, idlePause) // each try is a line in the record of reads
	}
	news := make(chan struct{})
	if t.kind == noToken && t.problem != nil {
		long = max(long, lastPause) // what fixes it is said
		go func() {
			first := time.NewTimer(pause(n)) // it may say at once what the last try has shown to be wrong
			defer first.Stop()
			err := connected(ctx, b.Agent, b.Name)
			select {
			case <-first.C:
			case <-ctx.Done():
			}
			if err == nil || errors.Is(err, client.ErrNoAnswer) || errors.Is(err, client.ErrNoAgent) {
				close(news)
			}
		}()
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	case <-news:
	case <-poke:
	}
	return nil
}
