package mcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/stack"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// Patience is how long a request waits for a server that cannot be asked.
const Patience = 20 * time.Second

// Bridge is a connection's MCP server, as one AI client is to see it.
type Bridge struct {
	Name      string                     // the connection
	URL       string                     // of its MCP server, the only one that is sent its token
	Agent     client.Agent               // where tokens come from
	Remote    bool                       // the agent passes requests on and adds the token: its api/ is the server
	Transport http.RoundTripper          // how the server is reached; not used with Remote
	Memory    config.Records[Remembered] // what servers said last
	Version   string                     // of this program
	Patience  time.Duration              // 0: Patience

	// Consent asks the user, by a notification, to sign in for a client, or to allow
	// scopes beyond the connection's, and waits for the end of that. nil: nobody is
	// asked.
	Consent func(ctx context.Context, client string, scopes []string) error

	Scopes  []string // tokens for these alone, of the connection's; nil: for all
	Policy  Policy
	AskTool func(ctx context.Context, client, tool string) error // whether a tool of Policy.Ask may be called now
}

// bridge is a Bridge at work.
type bridge struct {
	Bridge
	server *url.URL
	tokens tokenSource
	out    *lineWriter
	ctx    context.Context // of the whole
	params headerParams
	serial atomic.Int64
	idle   *time.Timer            // trims the process
	secret atomic.Pointer[string] // the token that was named last

	remembering sync.Mutex // the memory

	mu        sync.Mutex
	link      *link              // begun by the client's initialize; nil before
	stateless *session           // for requests that stand for themselves; nil before the first
	version   string             // of the last such request
	client    string             // the name that the client gives itself
	leave     context.CancelFunc // has the agent show the client no more; nil: it never did
	asking    bool               // the user is being asked to sign in
	answered  int                // requests; the first go ways that later ones do not
	recalled  bool               // server/discover was answered as it was last time
	inFlight  map[jsonrpc.ID]context.CancelFunc
	asked     map[jsonrpc.ID]*session // the server's requests that the client has yet to answer
	listening map[jsonrpc.ID]*listener
	finished  chan struct{} // holds a value once a request has been answered
}

// Run bridges until in ends, which is no error, or ctx does.
func (o Bridge) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	if o.Remote {
		o.URL = agentURL + connectionPath(o.Name) + "/api/"
		o.Transport = agentHTTP(o.Agent)
	}
	server, err := url.Parse(o.URL)
	if err != nil {
		return fmt.Errorf("the URL of the MCP server is none: %w", err)
	}
	if o.Patience == 0 {
		o.Patience = Patience
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &bridge{
		Bridge: o, server: server, out: &lineWriter{to: out}, ctx: ctx,
		inFlight: map[jsonrpc.ID]context.CancelFunc{}, asked: map[jsonrpc.ID]*session{}, listening: map[jsonrpc.ID]*listener{},
		finished: make(chan struct{}, 1),
	}
	b.tokens = agentTokens{agent: &agentLines{agent: o.Agent}, name: o.Name, server: o.URL, scopes: strings.Join(o.Scopes, " "), purpose: b.purpose, seen: func(token string) { b.secret.Store(&token) }}
	if o.Remote {
		b.tokens = noTokens{}
	}
	Shed()
	b.idle = time.AfterFunc(idleTime, trim)
	defer b.idle.Stop()
	in, done := polled(in, out, os.Stderr)
	defer done()
	ended := make(chan error, 1)
	go func() { stack.Grow(); ended <- b.readLines(newLineReader(in)) }()
	select {
	case err = <-ended:
		b.answerRest()
	case <-ctx.Done():
	}
	b.close()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// lastAnswers is how long answers are waited for once the client has ended its input: a
// client that leaves waits about as long before it kills the process.
const lastAnswers = 2 * time.Second

// answerRest waits for the answers to what was asked before the input ended: a script
// writes its lines, and ends. What listens has no end of its own.
func (b *bridge) answerRest() {
	over := time.NewTimer(lastAnswers)
	defer over.Stop()
	for {
		b.mu.Lock()
		left := len(b.inFlight) - len(b.listening)
		b.mu.Unlock()
		if left <= 0 {
			return
		}
		select {
		case <-b.finished:
		case <-over.C:
			return
		case <-b.ctx.Done():
			return
		}
	}
}

// idleTime is how long nothing is asked before memory is given back.
const idleTime = 2 * time.Second

// maxFirsts is how many requests go ways that later ones do not: the program's file is
// given back after each.
const maxFirsts = 8

// noTokens leaves the token to the agent.
type noTokens struct{}

func (noTokens) token(context.Context) (string, error)            { return "", nil }
func (noTokens) rejected(context.Context, string) (string, error) { return "", nil }

// close ends what the server knows of.
func (b *bridge) close() {
	b.mu.Lock()
	l := b.link
	b.mu.Unlock()
	if l != nil {
		l.end()
	}
}

// readLines takes the client's messages until there are no more. Each is worked on by
// itself, but for what a notification says, which the server is to know before what
// was sent after it.
func (b *bridge) readLines(lines *lineReader) error {
	told := make(chan struct{})
	close(told)
	for {
		msg, err := lines.next()
		var bad badLine
		switch {
		case errors.As(err, &bad):
			b.refuseLine(bad)
			continue
		case err != nil:
			return err
		}
		before := told
		switch m := msg.(type) {
		case *jsonrpc.Response:
			go func() { stack.Grow(); b.response(m) }()
		case *jsonrpc.Request:
			if !m.IsCall() {
				done := make(chan struct{})
				told = done
				go func() { defer close(done); stack.Grow(); <-before; b.notification(m) }()
				continue
			}
			ctx, ok := b.begin(m.ID)
			if !ok {
				b.write(failure(m.ID, jsonrpc.CodeInvalidRequest, "authtray: a request with this id is under way"))
				continue
			}
			go func() { defer b.finish(m.ID); stack.Grow(); <-before; b.request(ctx, m) }()
		}
	}
}

// begin registers a request, so that it can be cancelled.
func (b *bridge) begin(id jsonrpc.ID) (context.Context, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inFlight[id] != nil {
		return nil, false
	}
	ctx, cancel := context.WithCancel(b.ctx)
	b.inFlight[id] = cancel
	return ctx, true
}

func (b *bridge) finish(id jsonrpc.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle.Reset(idleTime)
	if b.answered++; b.answered <= maxFirsts {
		Shed()
	}
	b.inFlight[id]()
	delete(b.inFlight, id)
	delete(b.listening, id)
	select {
	case b.finished <- struct{}{}:
	default:
	}
}

// request answers one request of the client's, unless the client takes it back.
func (b *bridge) request(ctx context.Context, r *jsonrpc.Request) {
	version := metaVersion(r.Params)
	if version != "" {
		b.mu.Lock()
		b.version, b.client = version, cmp.Or(clientName(r.Params), b.client)
		first := b.leave == nil
		b.mu.Unlock()
		if first {
			b.attend()
		}
	}
	answer := b.refuses(ctx, r)
	if r.Method == "tools/call" {
		tool, _ := toolName(r.Params)
		ctx = context.WithValue(ctx, toolKey{}, shown(tool))
	}
	switch {
	case answer != nil:
	case r.Method == "initialize":
		answer = b.initialize(ctx, r)
	case r.Method == "server/discover":
		answer = b.discover(ctx, r)
	case version != "":
		answer = b.forward(ctx, r, b.statelessSession)
	default:
		answer = b.inSession(ctx, r)
	}
	if answer != nil && ctx.Err() == nil {
		b.write(answer)
	}
}

// inSession answers a request of a client that has begun with initialize.
func (b *bridge) inSession(ctx context.Context, r *jsonrpc.Request) *jsonrpc.Response {
	b.mu.Lock()
	l := b.link
	b.mu.Unlock()
	switch {
	case r.Method == "ping" && (l == nil || l.current() == nil):
		return &jsonrpc.Response{ID: r.ID, Result: mustJSON(struct{}{})}
	case l == nil:
		return failure(r.ID, jsonrpc.CodeInvalidRequest, "authtray: the client has to begin with initialize")
	}
	answer := b.forward(ctx, r, l.get)
	if answer != nil && answer.Error == nil {
		l.wish(r)
	}
	return answer
}

// response hands the client's answer to the session that asked, if that still is.
func (b *bridge) response(m *jsonrpc.Response) {
	b.mu.Lock()
	s := b.asked[m.ID]
	delete(b.asked, m.ID)
	b.mu.Unlock()
	if s != nil && !s.over() {
		_ = s.send(b.ctx, m, nil)
	}
}

// notifyTime bounds a notification of the client's: others wait for it.
const notifyTime = 10 * time.Second

func (b *bridge) notification(r *jsonrpc.Request) {
	ctx, cancel := context.WithTimeout(b.ctx, notifyTime)
	defer cancel()
	b.mu.Lock()
	l, s, header := b.link, b.stateless, http.Header{}
	if l == nil {
		header.Set(versionHeader, b.version)
		header.Set(methodHeader, r.Method)
	}
	b.mu.Unlock()
	if l != nil {
		s = l.current()
	}
	switch r.Method {
	case "notifications/initialized":
		if l != nil {
			l.clientReady(ctx)
		}
		return
	case "notifications/cancelled":
		defer b.cancelled(r)
	}
	if s != nil {
		_ = s.send(ctx, r, header)
	}
}

// cancelled ends a request that the client has taken back: its stream too, which is
// how a server knows of it since 2026-07-28.
func (b *bridge) cancelled(r *jsonrpc.Request) {
	id := requestID(r.Params)
	b.mu.Lock()
	defer b.mu.Unlock()
	if cancel := b.inFlight[id]; id.IsValid() && cancel != nil {
		cancel()
	}
}

// fromServer hands on what the server sends by itself.
func (b *bridge) fromServer(s *session, r *jsonrpc.Request) {
	b.mu.Lock()
	if r.IsCall() {
		b.asked[r.ID] = s
	}
	b.mu.Unlock()
	if r.Method == "notifications/subscriptions/acknowledged" && b.acknowledged(r) {
		return
	}
	b.write(r)
}

// forget drops what a session that has ended asked of the client.
func (b *bridge) forget(s *session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, by := range b.asked {
		if by == s {
			delete(b.asked, id)
		}
	}
}

// write gives the client a message; a client that takes none is gone, and its end
// of stdin with it.
func (b *bridge) write(msg jsonrpc.Message) { _ = b.out.write(msg) }

// refuseLine answers a line without a message. JSON-RPC wants the id null there,
// which the SDK does not write.
func (b *bridge) refuseLine(bad badLine) {
	code := jsonrpc.CodeInvalidRequest
	if bad == notJSON {
		code = jsonrpc.CodeParseError
	}
	b.out.writeLine(mustJSON(map[string]any{"jsonrpc": "2.0", "id": nil, "error": jsonrpc.Error{Code: int64(code), Message: "authtray: " + text.Line(string(bad), 0)}}))
}

func failure(id jsonrpc.ID, code int64, text string) *jsonrpc.Response {
	return &jsonrpc.Response{ID: id, Error: &jsonrpc.Error{Code: code, Message: text}}
}
