package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/authtray/authtray/tokens"
)

// tools ask an agent for tokens all the time, and sometimes say that one was
// rejected. They remember the newest that each connection handed out.
type tools struct {
	agent *agent
	names []string
	stop  chan struct{}
	done  chan struct{}

	asking sync.Mutex // held while a tool waits for an answer

	mu      sync.Mutex
	newest  map[string]issue
	served  int
	expired int
	strange []string // what should not be
}

func startTools(a *agent, pause time.Duration, names ...string) *tools {
	t := &tools{agent: a, names: names, stop: make(chan struct{}), done: make(chan struct{}), newest: map[string]issue{}}
	go t.run(pause)
	a.t.Cleanup(t.end)
	return t
}

func (t *tools) run(pause time.Duration) {
	defer close(t.done)
	for {
		t.ask(t.names[rand.IntN(len(t.names))])
		select {
		case <-t.stop:
			return
		case <-time.After(pause):
		}
	}
}

func (t *tools) end() {
	select {
	case <-t.stop:
	default:
		close(t.stop)
	}
	<-t.done
}

// ask asks for a token, or rejects the newest. No answer is an answer here.
func (t *tools) ask(name string) {
	t.asking.Lock()
	defer t.asking.Unlock()
	method, path, body := http.MethodGet, "/token?timeout=5s", any(nil)
	if last := t.last(name); last.n > 0 && rand.IntN(40) == 0 {
		method, path, body = http.MethodPost, "/rejected?timeout=5s", map[string]string{"access_token": last.access}
	}
	asked := time.Now()
	r, err := t.agent.call(method, "/connections/"+name+path, body)
	if err != nil || r.status != http.StatusOK {
		return
	}
	var got tokens.Token
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.complain("an answer that is no token")
		return
	}
	t.handed(name, t.agent.provider.book.of(got.AccessToken), asked)
}

func (t *tools) handed(name string, i issue, asked time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.served++
	switch {
	case i.n == 0:
		t.strange = append(t.strange, name+": a token that the provider never gave")
	case i.expires.Before(asked):
		t.expired++
		t.strange = append(t.strange, fmt.Sprintf("%s: a token that had ended %v before", name, asked.Sub(i.expires)))
	case i.n > t.newest[name].n:
		t.newest[name] = i
	}
}

func (t *tools) complain(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strange = append(t.strange, what)
}

// last is the newest token that was handed out.
func (t *tools) last(name string) issue {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest[name]
}

// quiet waits for the answer that a tool is waiting for, so that last is true.
func (t *tools) quiet() {
	t.asking.Lock()
	defer t.asking.Unlock()
}

// wrong is what should not have been, and forgets it.
func (t *tools) wrong() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.strange
	t.strange = nil
	return s
}
