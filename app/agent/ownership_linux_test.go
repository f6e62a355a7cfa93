package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

const keyringPassword = "throw-away"

// ownedWorld is a world whose grants are in a real keychain, on a bus that can
// go away, with a provider that counts what is sent to it.
type ownedWorld struct {
	*world
	bus     *storetest.Bus
	keyring *storetest.Keyring
	sent    atomic.Int64
}

func newOwnedWorld(t *testing.T) *ownedWorld {
	w := &ownedWorld{bus: storetest.StartBus(t)}
	w.keyring = w.bus.StartKeyring(keyringPassword)
	log := slog.New(slog.DiscardHandler)
	kept, own, err := OwnKeychain(t.Context(), config.Paths{State: t.TempDir()}, store.Keychain("authtray", slog.New(slog.DiscardHandler)), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	w.world = newWorld(t, func(o *Options) { o.Store, o.Ownership = kept, own })
	w.provider = practicetest.Start(t, server.Options{Lifetime: time.Hour}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.sent.Add(1)
			h.ServeHTTP(rw, r)
		})
	})
	w.add("work")
	w.connect("work", "ada")
	return w
}

// status is what status notes.
func (w *ownedWorld) status() string {
	w.t.Helper()
	var h api.Health
	w.call("GET", "/health", nil).ok().into(&h)
	return strings.Join(h.Notes, "\n")
}

func (w *ownedWorld) awaitStatus(what string, is func(notes string) bool) {
	w.t.Helper()
	eventually(w.t, what, func() bool { return is(w.status()) })
}

const nothingSent = "Nothing is sent to providers"

// sendsNothing does all that sends something of a grant, a day after its token
// has ended.
func (w *ownedWorld) sendsNothing(when string) {
	w.t.Helper()
	before := w.sent.Load()
	for _, call := range []struct{ method, path string }{
		{"POST", "/connections/work/refresh"}, {"GET", "/connections/work/token?timeout=1ms"},
		{"POST", "/connections/work/connect"}, {"DELETE", "/connections/work/grant"}, {"DELETE", "/connections/work"},
	} {
		var body any
		if strings.HasSuffix(call.path, "/connect") {
			body = map[string]any{"mode": "url"}
		}
		if r := w.call(call.method, call.path, body); r.status < 400 {
			w.t.Errorf("%s: %s %s is answered %d: %s", when, call.method, call.path, r.status, r.body)
		}
	}
	if after := w.sent.Load(); after != before {
		w.t.Errorf("%s: %d requests to the provider", when, after-before)
	}
}

// otherOwner restarts the bus until another process owns the keychain's items.
func (w *ownedWorld) otherOwner() *dbus.Conn {
	w.t.Helper()
	for {
		w.bus.Start()
		conn := w.bus.Connect()
		reply, err := conn.RequestName("io.github.authtray.keychain.authtray", dbus.NameFlagDoNotQueue)
		if err != nil {
			w.t.Fatal(err)
		}
		if reply == dbus.RequestNameReplyPrimaryOwner {
			return conn
		}
		w.bus.Kill()
		w.awaitStatus("the loss", func(notes string) bool { return strings.Contains(notes, nothingSent) })
	}
}

// renewElsewhere renews the grant as the other owner does.
func (w *ownedWorld) renewElsewhere() (accessToken string) {
	w.t.Helper()
	s := store.Keychain("authtray", slog.New(slog.DiscardHandler))
	defer s.Close()
	ctx := storetest.Context(w.t)
	value, err := s.Get(ctx, "work")
	record := map[string]any{}
	if err == nil {
		err = json.Unmarshal(value, &record)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := w.provider.Refresh(ctx, record["refresh_token"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	now := w.clock.Now()
	record["gen"] = record["gen"].(float64) + 1
	record["access_token"], record["refresh_token"] = answer.AccessToken, answer.RefreshToken
	record["obtained_at"], record["expires_at"] = now, now.Add(time.Hour)
	if value, err = json.Marshal(record); err == nil {
		err = s.Set(ctx, "work", value)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.AccessToken
}

func TestNothingIsSentWhileTheKeychainIsNotOurs(t *testing.T) {
	w := newOwnedWorld(t)
	if notes := w.status(); strings.Contains(notes, nothingSent) {
		t.Fatalf("at the start: %s", notes)
	}
	w.clock.pass(24 * time.Hour)
	w.bus.Kill()
	w.keyring.Forget()
	w.awaitStatus("that the bus is away", func(notes string) bool { return strings.Contains(notes, nothingSent) })
	w.sendsNothing("without a bus")

	other := w.otherOwner()
	w.awaitStatus("who has the keychain", func(notes string) bool {
		return strings.Contains(notes, fmt.Sprintf("another Authtray, process %d, keeps these connections", os.Getpid()))
	})
	w.keyring = w.bus.StartKeyring(keyringPassword)
	w.sendsNothing("while another has it")
	renewed := w.renewElsewhere()
	w.sendsNothing("after the other renewed")
	other.Close()

	w.awaitStatus("that it is ours again", func(notes string) bool { return !strings.Contains(notes, nothingSent) })
	var got tokens.Token
	eventually(t, "the other's token", func() bool {
		r := w.call("GET", "/connections/work/token", nil)
		if r.status != http.StatusOK {
			return false
		}
		got = r.token()
		return true
	})
	if got.AccessToken != renewed {
		t.Error("the token of before is served, or another one was fetched")
	}
	w.call("POST", "/connections/work/refresh", nil).ok()
	w.call("POST", "/connections/work/refresh", nil).ok()
	if deaths, _ := w.notes.state("work"); deaths != 0 {
		t.Error("the grant died")
	}
}

func TestTheGrantGoesOnWhenTheBusIsBack(t *testing.T) {
	w := newOwnedWorld(t)
	w.clock.pass(24 * time.Hour)
	w.bus.Kill()
	w.keyring.Forget()
	w.awaitStatus("that the bus is away", func(notes string) bool { return strings.Contains(notes, nothingSent) })
	w.sendsNothing("without a bus")
	w.bus.Start()
	w.keyring = w.bus.StartKeyring(keyringPassword)
	eventually(t, "a renewed token", func() bool {
		return w.call("GET", "/connections/work/token", nil).status == http.StatusOK
	})
	if notes := w.status(); strings.Contains(notes, nothingSent) {
		t.Errorf("afterwards: %s", notes)
	}
}

func TestASecondAgentIsRefusedInWordsThatSayWhatToDo(t *testing.T) {
	taken := &store.TakenError{PID: 4711}
	for _, c := range []struct {
		name    string
		err     error
		replace bool
		says    []string
	}{
		{"a process", taken, false, []string{"process 4711", "with other folders", "kill 4711", "AUTHTRAY_PROFILE"}},
		{"replacing it", taken, true, []string{"process 4711", "--replace cannot ask it", "kill 4711"}},
		{"nobody knows which", &store.TakenError{}, false, []string{"another Authtray keeps these connections", "end it"}},
		{"something else", io.ErrUnexpectedEOF, true, []string{io.ErrUnexpectedEOF.Error()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := startedTwice(c.err, c.replace).Error()
			for _, says := range c.says {
				if !strings.Contains(got, says) {
					t.Errorf("%q does not say %q", got, says)
				}
			}
			if strings.Contains(got, "kill 0") || strings.Contains(got, "process 0") || strings.Contains(got, "\n") {
				t.Errorf("%q", got)
			}
		})
	}
}
