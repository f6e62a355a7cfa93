package crashtest

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// What the test binary is when it is run again.
const (
	roleVariable = "CRASHTEST_ROLE" // asAuthtray or asVictim
	planVariable = "CRASHTEST_PLAN" // of asVictim

	asAuthtray = "authtray" // the program as it is shipped
	asVictim   = "victim"   // an agent that dies by plan
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case asAuthtray:
		os.Exit(app.Main("test"))
	case asVictim:
		if err := victim(); err != nil {
			fmt.Fprintln(os.Stderr, "victim:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	flag.Set("test.parallel", "4") // agents wait more than they compute
	os.Exit(m.Run())
}

// victim is the agent's process, without tray and desktop.
func victim() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	paths, err := config.Find()
	if err != nil {
		return err
	}
	unlock, err := socket.Lock(paths.Lock())
	if err != nil {
		return err
	}
	defer unlock()
	tellVitals(paths.State)
	p, err := parsePlan(os.Getenv(planVariable))
	if err != nil {
		return err
	}
	kept := store.Split(mortal{store.RawKeychain(paths.Service()), p})
	defer kept.Close()
	a := app.NewAgent(app.Options{
		Paths: paths, Store: kept, Version: "test", Notify: diary(filepath.Join(paths.State, "diary")), Step: p.step,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	return a.Run(ctx)
}

// plan says when a victim dies. The zero plan is a long life.
//
//	NAME step STEP     at a named step of NAME's refresh
//	NAME before K      before the K-th call to the keychain of NAME's first write
//	NAME after K       after it
type plan struct {
	name, kind, step_ string
	call              int

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
	p := &plan{name: f[0], kind: f[1], step_: f[2]}
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
	if p.kind == "step" && step == p.step_ {
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

// diary writes down what the user is told, a line each.
type diary string

func (d diary) write(line string) {
	f, err := os.OpenFile(string(d), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, line)
}

func (d diary) ReconnectRequired(st tokens.Status, _ func()) {
	d.write("death " + st.Name + " " + string(st.Reason))
}
func (d diary) Withdraw(string)            {}
func (d diary) Info(string, string)        {}
func (d diary) Warn(title, body string)    { d.write("warning " + title + " " + body) }
func (d diary) Configure(bool, bool)       {}
func (d diary) Health() (_, detail string) { return "none", "" }

// deaths is how often the user was told that a connection has died of reason.
func (d diary) deaths(name string, reason tokens.Reason) int {
	text, err := os.ReadFile(string(d))
	if err != nil {
		return 0
	}
	return strings.Count(string(text), "death "+name+" "+string(reason)+"\n")
}

// eventually waits for something that another process brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}
