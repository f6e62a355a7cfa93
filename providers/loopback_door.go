package providers

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// resultPath is where the browser is sent after a good answer: a clean address
// with neither code nor state, under a number that only that browser knows,
// because the page names the account.
const resultPath = "/signin/"

// door is where one flow waits for its browser.
type door struct {
	flow   *Flow
	path   string // of the redirect URI
	id     string // of the result page
	port   int
	origin string // the only Host that is answered
}

func newDoor(f *Flow, path string) *door {
	return &door{flow: f, path: path, id: randomText(16)}
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

func (way *doorway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	writeReply(w, way.reply(r))
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
func (way *doorway) reply(r *http.Request) reply {
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

func (way *doorway) at(host string) []*door {
	way.mu.Lock()
	defer way.mu.Unlock()
	return doorsThat(way.doors, func(d *door) bool { return d.origin == host })
}

func onPath(doors []*door, path string) []*door {
	return doorsThat(doors, func(d *door) bool { return d.path == path })
}

func doorsThat(doors []*door, good func(*door) bool) []*door {
	var kept []*door
	for _, d := range doors {
		if good(d) {
			kept = append(kept, d)
		}
	}
	return kept
}

func callbackReply(doors []*door, rawQuery string) reply {
	answer, err := parseCallback(rawQuery)
	if err != nil {
		return reply{status: http.StatusBadRequest, page: unexpectedPage}
	}
	mine := doorsThat(doors, func(d *door) bool { return sameSecret(d.flow.code.state, answer.state) })
	if len(mine) != 1 {
		return reply{status: http.StatusBadRequest, page: unexpectedPage}
	}
	to := resultPath + mine[0].id
	if !mine[0].flow.answer(answer) {
		to += "/again"
	}
	return reply{status: http.StatusSeeOther, location: to}
}

// resultReply waits until the flow is over, so that the page tells the truth.
func resultReply(ctx context.Context, doors []*door, rest string) reply {
	id, again := strings.CutSuffix(rest, "/again")
	mine := doorsThat(doors, func(d *door) bool { return sameSecret(d.id, id) })
	if len(mine) != 1 {
		return reply{status: http.StatusNotFound, page: strangerPage}
	}
	f := mine[0].flow
	enough, stop := f.clock.after(pageTimeout)
	defer stop()
	select {
	case <-f.done:
		return reply{status: http.StatusOK, page: resultPage(f.client.name(), f.result, f.err, again)}
	case <-enough:
	case <-ctx.Done():
	}
	return reply{status: http.StatusOK, page: waitingPage(f.client.name())}
}
