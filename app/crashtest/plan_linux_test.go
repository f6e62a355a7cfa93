package crashtest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/authtray/authtray/tokens/store"
)

// plan says when a victim dies. The zero plan is a long life.
//
//	NAME step STEP     at a named step of NAME's refresh
//	NAME before K      before the K-th call to the keychain of NAME's first write
//	NAME after K       after it
type plan struct {
	name, kind string // kind: step, before or after
	at         string // the step
	call       int

	mu      sync.Mutex
	writing bool
	calls   int
}

func parsePlan(text string) (*plan, error) {
	if text == "" {
		return &plan{}, nil
	}
	f := strings.Fields(text)
	if len(f) != 3 {
		return nil, fmt.Errorf("the plan %q is none", text)
	}
	p := &plan{name: f[0], kind: f[1], at: f[2]}
	if p.kind == "step" {
		return p, nil
	}
	var err error
	p.call, err = strconv.Atoi(f[2])
	return p, err
}

// step is tokens.Options.Step.
func (p *plan) step(name, step string) {
	if name != p.name {
		return
	}
	if step == "saving" {
		p.mu.Lock()
		p.writing = true
		p.mu.Unlock()
	}
	if p.kind == "step" && step == p.at {
		die()
	}
}

// around does one call to the keychain, or dies.
func (p *plan) around(item string, call func() error) error {
	name, _, _ := strings.Cut(item, "#")
	p.mu.Lock()
	mine := p.writing && name == p.name
	if mine {
		p.calls++
	}
	now := mine && p.calls == p.call
	p.mu.Unlock()
	if now && p.kind == "before" {
		die()
	}
	err := call()
	if now && p.kind == "after" {
		die()
	}
	return err
}

// die is kill -9. It does not return.
func die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
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
	return m.plan.around(name, func() error { return m.Items.Set(ctx, name, text) })
}

func (m mortal) Delete(ctx context.Context, name string) error {
	return m.plan.around(name, func() error { return m.Items.Delete(ctx, name) })
}
