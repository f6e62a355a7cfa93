package providers

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/providers/connlimit"
)

// What a browser may cost us.
const (
	headTimeout  = 10 * time.Second // to send its request
	pageTimeout  = 45 * time.Second // how long the result page waits for the exchange before it says "a moment"
	writeTimeout = pageTimeout + 15*time.Second
	maxVisitors  = 128 // connections to one port at once
	lingerTime   = 30 * time.Second
)

// callbackServer is one port of the loopback interface, with the flows that wait
// behind it. A fixed port is shared by all the connections that need it; each
// answer finds its flow by its state.
type callbackServer struct {
	servers []*http.Server
	serving sync.WaitGroup
	binds   int

	mu     sync.Mutex
	routes []*callbackRoute
}

// callbackServers are the ports that this process listens on, by number: with a fixed
// port, a sign-in must not be turned away because our own last one lingers.
var callbackServers = struct {
	sync.Mutex
	open map[int]*callbackServer
}{open: map[int]*callbackServer{}}

// openRoute lets d wait at l and returns the port. Closed by closeDoor.
func openRoute(l landing, d *callbackRoute) (int, error) {
	callbackServers.Lock()
	defer callbackServers.Unlock()
	port := l.port
	way := callbackServers.open[port]
	if way == nil || way.binds < len(l.binds) {
		var err error
		if way, port, err = widen(l, way); err != nil {
			return 0, err
		}
		callbackServers.open[port] = way
	}
	way.mu.Lock()
	defer way.mu.Unlock()
	d.origin = originOf(l.host, port)
	d.port = port
	way.routes = append(way.routes, d)
	return port, nil
}

// widen opens the addresses of l that way, if any, does not cover yet.
func widen(l landing, way *callbackServer) (*callbackServer, int, error) {
	if way != nil {
		l.binds = l.binds[way.binds:]
	}
	listeners, port, err := l.listen()
	if way != nil && err != nil && !isTaken(err) {
		listeners, port, err = nil, l.port, nil // no IPv6 here
	}
	if err != nil {
		return nil, 0, err
	}
	if way == nil {
		way = &callbackServer{}
	}
	way.binds += len(l.binds)
	for _, listener := range listeners {
		way.serve(listener)
	}
	return way, port, nil
}

func (way *callbackServer) serve(l net.Listener) {
	server := newPageServer(way)
	way.servers = append(way.servers, server)
	way.serving.Go(func() { connlimit.Serve(server, l, maxVisitors) })
}

func newPageServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           connlimit.NoBody(h),
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       headTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       headTimeout,
		MaxHeaderBytes:    connlimit.MaxHead,
		ErrorLog:          log.New(io.Discard, "", 0), // it would quote the request
	}
}

// closeRoute takes d away, and with the last door the listeners.
func closeRoute(d *callbackRoute) {
	callbackServers.Lock()
	defer callbackServers.Unlock()
	way := callbackServers.open[d.port]
	if way == nil || way.remove(d) > 0 {
		return
	}
	delete(callbackServers.open, d.port)
	for _, server := range way.servers {
		server.Close()
	}
	way.serving.Wait()
}

func (way *callbackServer) remove(d *callbackRoute) (left int) {
	way.mu.Lock()
	defer way.mu.Unlock()
	for i, other := range way.routes {
		if other == d {
			way.routes = append(way.routes[:i:i], way.routes[i+1:]...)
			break
		}
	}
	return len(way.routes)
}

// linger closes d some time after its flow is over, so that a page that is
// loaded again still finds an answer.
func linger(f *Flow, d *callbackRoute) {
	defer closeRoute(d)
	select {
	case <-f.done:
	case <-f.ended:
		return
	}
	timer, stop := f.clock.after(lingerTime)
	defer stop()
	select {
	case <-timer:
	case <-f.ended:
	}
}

// resultPath is where the browser is sent after a good answer: a clean address
// with neither code nor state, under a number that only that browser knows,
// because the page names the account.
const resultPath = "/signin/"

// callbackRoute is where one flow waits for its browser.
type callbackRoute struct {
	flow   *Flow
	path   string // of the redirect URI
	id     string // of the result page
	port   int
	origin string // the only Host that is answered
}

func newDoor(f *Flow, path string) *callbackRoute {
	return &callbackRoute{flow: f, path: path, id: randomText(16)}
}

// originOf is the Host header that a browser sends.
func originOf(host string, port int) string {
	if port == 80 {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// reply is what the browser gets.
type reply struct {
	status   int
	location string
	page     page
}

func (way *callbackServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	writeReply(w, way.reply(r), way.language())
}

// language is that of any flow: it is the user's.
func (way *callbackServer) language() Language {
	way.mu.Lock()
	defer way.mu.Unlock()
	if len(way.routes) == 0 {
		return english{}
	}
	return way.routes[0].flow.client.language()
}

// reply decides. In this order:
//
//	not GET                                405
//	a Host that is no flow's               400   another site's name that resolves to us
//	a result page                          200   once the flow is over
//	no flow's redirect path                404
//	no answer, or no flow's state          400   and nothing else happens: it never ends a flow
//	the first good answer                  303   to the result page; the flow acts on it
//	a good answer again                    303   to the result page; nothing is sent
func (way *callbackServer) reply(r *http.Request) reply {
	if r.Method != http.MethodGet {
		return reply{status: http.StatusMethodNotAllowed, page: strangerPage}
	}
	doors := way.at(strings.ToLower(r.Host))
	if len(doors) == 0 {
		return reply{status: http.StatusBadRequest, page: strangerPage}
	}
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, resultPath); ok {
		return resultReply(r.Context(), doors, rest)
	}
	if doors = onPath(doors, path); len(doors) == 0 {
		return reply{status: http.StatusNotFound, page: strangerPage}
	}
	return callbackReply(doors, r.URL.RawQuery)
}

func (way *callbackServer) at(host string) []*callbackRoute {
	way.mu.Lock()
	defer way.mu.Unlock()
	return doorsThat(way.routes, func(d *callbackRoute) bool { return d.origin == host })
}

func onPath(doors []*callbackRoute, path string) []*callbackRoute {
	return doorsThat(doors, func(d *callbackRoute) bool { return d.path == path })
}

func doorsThat(doors []*callbackRoute, good func(*callbackRoute) bool) []*callbackRoute {
	var kept []*callbackRoute
	for _, d := range doors {
		if good(d) {
			kept = append(kept, d)
		}
	}
	return kept
}

func callbackReply(doors []*callbackRoute, rawQuery string) reply {
	answer, err := parseCallback(rawQuery)
	if err != nil {
		return reply{status: http.StatusBadRequest, page: unexpectedPage}
	}
	mine := doorsThat(doors, func(d *callbackRoute) bool { return sameSecret(d.flow.request().state, answer.state) })
	if len(mine) != 1 {
		return reply{status: http.StatusBadRequest, page: unexpectedPage}
	}
	if to := mine[0].flow.askAgain(answer); to != "" {
		return reply{status: http.StatusSeeOther, location: to}
	}
	to := resultPath + mine[0].id
	if !mine[0].flow.answer(answer) {
		to += "/again"
	}
	return reply{status: http.StatusSeeOther, location: to}
}

// resultReply waits until the flow is over, so that the page tells the truth.
func resultReply(ctx context.Context, doors []*callbackRoute, rest string) reply {
	id, again := strings.CutSuffix(rest, "/again")
	mine := doorsThat(doors, func(d *callbackRoute) bool { return sameSecret(d.id, id) })
	if len(mine) != 1 {
		return reply{status: http.StatusNotFound, page: strangerPage}
	}
	f := mine[0].flow
	enough, stop := f.clock.after(pageTimeout)
	defer stop()
	select {
	case <-f.done:
		return reply{status: http.StatusOK, page: resultPage(f.client.name(), f.client.conn.Name, f.result, f.err, again, f.client.language())}
	case <-enough:
	case <-ctx.Done():
	}
	return reply{status: http.StatusOK, page: waitingPage(f.client.name())}
}
