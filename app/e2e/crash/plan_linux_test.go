package crash

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// plan says when a victim dies. The zero plan is a long life.
//
//	NAME step STEP     at a named step of NAME's refresh
//	NAME before K      before the K-th call to the keychain of NAME's first write
//	NAME after K       after it
//	NAME erase-before K, NAME erase-after K
//	                   the same of its end: the calls from the first write on, of a victim
//	                   whose user disconnects, or whose provider ended the grant
//	NAME tell-before 1, NAME tell-after 1
//	                   before and after its user is told that it has died
//	NAME sit TIME      never, but it keeps each answer for this long before it does anything
type plan struct {
	name, kind string
	at         string // the step, or the time
	call       int
	trace      *trace

	mu      sync.Mutex
	writing bool
	told    bool // the user has been told that it has died
	calls   int
}

func parsePlan(text, state string) (*plan, error) {
	p := &plan{trace: newTrace(state)}
	if text == "" {
		return p, nil
	}
	f := strings.Fields(text)
	if len(f) != 3 {
		return nil, fmt.Errorf("the plan %q is none", text)
	}
	p.name, p.kind, p.at = f[0], f[1], f[2]
	if p.kind == "step" || p.kind == "sit" {
		return p, nil
	}
	var err error
	p.call, err = strconv.Atoi(f[2])
	return p, err
}

// step is tokens.Options.Step.
func (p *plan) step(name, step string) {
	p.trace.step(name, step)
	if name != p.name {
		return
	}
	if p.kind == "sit" && step == hasAnswer {
		d, _ := time.ParseDuration(p.at)
		time.Sleep(d)
	}
	if step == "saving" {
		p.mu.Lock()
		p.writing = true
		p.mu.Unlock()
	}
	if p.kind == "step" && step == p.at {
		p.die()
	}
}

// sets is told of each write before it is made.
func (p *plan) sets(item string) {
	if name, _, _ := strings.Cut(item, "#"); name == p.name && strings.HasPrefix(p.kind, "erase") {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.writing = true
	}
}

// around does one call to the keychain, or dies.
func (p *plan) around(item string, call func() error) error {
	name, _, _ := strings.Cut(item, "#")
	p.mu.Lock()
	mine := name == p.name && p.writing
	if mine {
		p.calls++
	}
	now := mine && p.calls == p.call
	p.mu.Unlock()
	if now && strings.HasSuffix(p.kind, "before") {
		p.die()
	}
	p.trace.call(name, asksKey)
	err := call()
	p.trace.call(name, keySays)
	if now && strings.HasSuffix(p.kind, "after") {
		p.die()
	}
	return err
}

// tell tells the user of a death, or dies of it.
func (p *plan) tell(name string, tell func()) {
	if name == p.name && p.kind == "tell-before" {
		p.die()
	}
	tell()
	if name == p.name {
		p.mu.Lock()
		p.told = true
		p.mu.Unlock()
	}
	if name == p.name && p.kind == "tell-after" {
		p.die()
	}
}

// over is the end of a write or an erasure of name that succeeded: where the plan
// counts the calls of it, its call never came. A grant that the provider ended is
// not erased: the last of its end is the write that the user has been told.
func (p *plan) over(name string, erasure bool) {
	p.mu.Lock()
	told := p.told
	p.mu.Unlock()
	ends := strings.HasPrefix(p.kind, "erase")
	if name == p.name && p.call > 0 && (erasure == ends || ends && told) {
		p.trace.write("-", survives)
	}
}

// die is kill -9. It does not return.
func (p *plan) die() {
	p.trace.write("-", dies)
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// survived is a store whose owner writes down that it outlived its plan.
type survived struct {
	store.Store
	plan *plan
}

func (s survived) Set(ctx context.Context, key string, value []byte) error {
	err := s.Store.Set(ctx, key, value)
	if err == nil {
		s.plan.over(key, false)
	}
	return err
}

func (s survived) Delete(ctx context.Context, key string) error {
	err := s.Store.Delete(ctx, key)
	if err == nil {
		s.plan.over(key, true)
	}
	return err
}

// mortal is a raw keychain whose owner may die at each call.
type mortal struct {
	store.Items
	plan *plan
}

func (m mortal) Get(ctx context.Context, name string) (text string, err error) {
	err = m.plan.around(name, func() error { text, err = m.Items.Get(ctx, name); return err })
	return text, err
}

func (m mortal) Set(ctx context.Context, name, text string) error {
	m.plan.sets(name)
	return m.plan.around(name, func() error { return m.Items.Set(ctx, name, text) })
}

func (m mortal) Delete(ctx context.Context, name string) error {
	return m.plan.around(name, func() error { return m.Items.Delete(ctx, name) })
}
