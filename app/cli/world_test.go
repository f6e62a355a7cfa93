package cli

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/api/apitest"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/version"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// world is an agent in this process, on folders of its own, as commands find it,
// with the practice provider beside it and a browser that signs in as ada by
// itself.
type world struct {
	t        *testing.T
	paths    config.Paths
	provider *practicetest.Provider
}

// setHome makes a folder the user's, as each system names it.
func setHome(t *testing.T, folder string) {
	t.Helper()
	t.Setenv("HOME", folder)
	t.Setenv("USERPROFILE", folder)
}

// newWorld starts one. Its provider knows the clients of the README and of the
// help. own are provider entries of the user's own, by file name; change alters the
// agent's options.
func newWorld(t *testing.T, own map[string]string, change ...func(*agent.Options)) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "at") // t.TempDir can be longer than a socket's path may be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: t, paths: config.Paths{
		Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state"), Socket: apitest.Address(dir),
	}}
	for name, text := range own {
		if err := os.MkdirAll(w.paths.Providers(), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.paths.Providers(), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var clients []server.Client
	for _, id := range []string{"authtray", "cli", "ID", "Ov23liExample", "Iv1.0123456789abcdef"} {
		clients = append(clients, server.Client{ID: id, Name: id, RedirectURIs: []string{"http://127.0.0.1/callback"}, AnyPort: true})
	}
	w.provider = practicetest.Start(t, server.Options{Clients: clients, DeviceInterval: time.Second})
	t.Setenv("AUTHTRAY_CONFIG", w.paths.Config)
	t.Setenv("AUTHTRAY_STATE", w.paths.State)
	t.Setenv("AUTHTRAY_SOCKET", w.paths.Socket)
	w.start(change...)
	return w
}

func (w *world) start(change ...func(*agent.Options)) {
	w.t.Helper()
	unlock, err := api.LockFor(w.paths.Lock(), w.paths.Socket)
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w.t.Output(), nil))
	o := agent.Options{
		Paths: w.paths, Store: store.Memory(), Version: "test", Log: log,
		Open: func(_ context.Context, at string) error { go signIn(w.t.Context(), log, at); return nil },
	}
	for _, f := range change {
		f(&o)
	}
	a := agent.NewAgent(o)
	over := make(chan error, 1)
	go func() { over <- a.Run(context.Background()) }()
	w.t.Cleanup(func() {
		a.Quit()
		if err := <-over; err != nil {
			w.t.Errorf("the agent ended with: %v", err)
		}
		unlock()
	})
	eventually(w.t, "the agent answers", func() bool { return w.agent().Do(w.t.Context(), http.MethodGet, "/v1/health", nil, nil) == nil })
}

func (w *world) agent() client.Agent { return client.At(w.paths.Socket) }

// eventually waits for something that a goroutine of the agent brings about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}

// edit replaces a connection's file as an editor does.
func (w *world) edit(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.file(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) file(name string) string { return filepath.Join(w.paths.Connections(), name+".toml") }

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(w.file(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// seen is a connection as the agent has it; the zero value where it has none.
func (w *world) seen(name string) (c api.Connection) {
	w.t.Helper()
	w.agent().Do(w.t.Context(), http.MethodGet, connection(name), nil, &c)
	return c
}

// put adds or changes a connection over the socket.
func (w *world) put(name string, conn map[string]any) {
	w.t.Helper()
	if err := w.agent().Do(w.t.Context(), http.MethodPut, connection(name), conn, nil); err != nil {
		w.t.Fatal(err)
	}
}

// command runs a command line against the world's agent, without its "authtray".
func (w *world) command(args ...string) (exit int, out, errs string) {
	w.t.Helper()
	return w.typed("", args...)
}

// typed is command with something on its standard input.
func (w *world) typed(in string, args ...string) (exit int, out, errs string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var o, e strings.Builder
	s := &shell{in: strings.NewReader(in), out: &o, err: &e, now: time.Now, build: version.Build{Version: "test"}}
	exit = s.main(ctx, args)
	return exit, o.String(), e.String()
}
