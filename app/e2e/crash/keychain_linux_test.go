package crash

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/faultkit"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// Lifetimes of tokens of which a test waits for the end. brief has a quarter in
// which it is due to be renewed that a busy machine can do something in.
const (
	short = 12 * time.Second
	brief = time.Minute
)

// desk is the program as it is shipped, with a connection "work" in a real
// gnome-keyring.
type desk struct {
	*agent
	keyring *storetest.Keyring
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	bus := storetest.StartBus(t)
	d := &desk{keyring: bus.StartKeyring(password)}
	d.agent = newAgent(t, bus, newProvider(t, server.Options{Lifetime: time.Hour}), "desk")
	d.run()
	d.add("work", sealsFor(true)...)
	d.connect("work")
	return d
}

// servesOneFor renews, for a token that ends so soon. Later ones last again.
func (d *desk) servesOneFor(lifetime time.Duration) {
	d.t.Helper()
	d.provider.SetLifetime(lifetime)
	d.refresh("work")
	d.awaitWritten("work")
	d.provider.SetLifetime(time.Hour)
}

// outcome is the end of a command.
type outcome struct {
	exit     int
	out, err string
}

// does runs one of authtray's commands.
func (a *agent) does(args ...string) outcome {
	a.t.Helper()
	var out, errs bytes.Buffer
	cmd := a.command(asAuthtray, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	defer time.AfterFunc(hangTime, func() { cmd.Process.Kill() }).Stop()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		a.t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// says runs `authtray token` and `authtray status`, which must both end with the
// exit code and words that are true now. A caller who has much time is told the
// same, and need not wait.
func (a *agent) says(exit int, state string, words ...string) {
	a.t.Helper()
	token, status := a.does("token", "work"), a.does("status", "work")
	if token.exit != exit {
		a.t.Errorf("token ends with %d, not %d: %s", token.exit, exit, token.err)
	}
	r, err := a.call(http.MethodGet, "/connections/work/token?timeout="+noWait, nil)
	if err != nil || (r.status == http.StatusOK) != (exit == 0) {
		a.t.Errorf("a caller who has %s is answered %d, %v", noWait, r.status, err)
	}
	if status.exit != 0 || !strings.Contains(status.out, state) {
		a.t.Errorf("status ends with %d and says %q, not %q", status.exit, status.out, state)
	}
	for _, w := range words {
		if !strings.Contains(token.err, w) {
			a.t.Errorf("token says %q, not %q", token.err, w)
		}
	}
	if strings.Count(token.err, "\n") > 1 || (exit == 0) != (token.out != "") {
		a.t.Errorf("token says %q", token.err)
	}
}

// recovers: without anybody's doing the connection gives tokens again.
func (a *agent) recovers() {
	a.t.Helper()
	a.await("work", tokens.Connected)
	a.says(0, "connected")
	a.awaitWritten("work")
}

// awaitEndOfToken waits until the token that is served now has ended.
func (a *agent) awaitEndOfToken() {
	a.t.Helper()
	st, err := a.status("work")
	if err != nil || st.ExpiresAt == nil {
		a.t.Fatalf("no expiry: %v", err)
	}
	time.Sleep(time.Until(*st.ExpiresAt) + 100*time.Millisecond)
}

func TestKeychainLockedAtTheStart(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.kill()
	d.keyring.Kill()
	d.keyring = d.bus.StartKeyring("") // as after a login without a password
	hits := d.provider.TokenHits()
	d.run()
	d.await("work", tokens.KeychainLocked)
	d.says(6, "keychain locked", "Unlock")
	d.keyring.Unlock(password)
	d.recovers()
	if n := len(d.provider.Grants()); n != 1 || d.provider.TokenHits() > hits+2 {
		t.Errorf("%d grants, %d requests", n, d.provider.TokenHits()-hits)
	}
}

func TestKeychainLockedDuringUse(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.servesOneFor(brief)
	d.keyring.Lock()
	d.says(0, "connected") // from memory
	d.await("work", tokens.KeychainLocked)
	if got := d.does("token", "work", "--min-valid", "1s"); got.exit != 0 || got.out == "" {
		t.Errorf("the old token, which is still good, is not served: %d %s", got.exit, got.err)
	}
	if got := d.does("status", "work"); got.exit != 0 || !strings.Contains(got.out, "keychain locked") {
		t.Errorf("status ends with %d and says %q", got.exit, got.out)
	}
	hits := d.provider.TokenHits()
	d.awaitEndOfToken()
	d.says(6, "keychain locked", "Unlock")
	if n := d.provider.TokenHits() - hits; n != 0 {
		t.Errorf("%d refreshes that could not have been written", n)
	}
	d.keyring.Unlock(password)
	d.recovers()
}

func TestKeychainDaemonKilledAndRestarted(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.servesOneFor(brief)
	d.keyring.Kill()
	d.says(0, "connected")
	d.await("work", tokens.KeychainLocked)
	d.awaitEndOfToken()
	d.says(6, "keychain locked", "Start it")
	d.keyring = d.bus.StartKeyring(password)
	d.recovers()
}

func TestKeychainGoneWithTheBus(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.servesOneFor(short)
	d.bus.Kill()
	d.keyring.Forget()
	d.await("work", tokens.KeychainLocked)
	d.awaitEndOfToken()
	d.says(6, "keychain locked", "Start it")
	d.bus.Start()
	d.keyring = d.bus.StartKeyring(password)
	d.recovers()
}

// TestKeychainDaemonThatHangs stops the daemon: it is there, and never answers.
func TestKeychainDaemonThatHangs(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	daemon := d.daemon()
	if err := syscall.Kill(daemon, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(daemon, syscall.SIGCONT) })
	hits := d.provider.TokenHits()
	asked := make(chan outcome, 1)
	begun := time.Now()
	go func() { asked <- d.does("refresh", "work") }()
	longest := d.longestAnswerUntil(func() bool { return len(asked) > 0 })
	if took := time.Since(begun); longest > took/2 {
		t.Errorf("somebody waited %v beside a refresh that took %v", longest, took)
	}
	if got := <-asked; got.exit != 6 {
		t.Errorf("refresh ends with %d: %s", got.exit, got.err)
	}
	if n := d.provider.TokenHits() - hits; n != 0 {
		t.Errorf("%d refreshes that could not have been written", n)
	}
	if err := syscall.Kill(daemon, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.recovers()
}

// TestLostAnswerIsAskedForAgainThoughTheKeychainHangs: the refresh token that the
// keychain holds is spent then, and the provider takes it for half a minute more.
func TestLostAnswerIsAskedForAgainThoughTheKeychainHangs(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.provider.SetGrace(30 * time.Second)
	daemon := d.daemon()
	t.Cleanup(func() { syscall.Kill(daemon, syscall.SIGCONT) })
	d.provider.kit.Script(faultkit.Custom("answer reset", func(x *faultkit.Exchange) {
		x.Provider()
		syscall.Kill(daemon, syscall.SIGSTOP)
		x.Cut(true)
	}))
	before := d.provider.book.count()
	d.refresh("work")
	eventually(t, "the second answer", func() bool { return d.provider.book.count() == before+2 })
	sent := d.provider.kit.Received()
	if late := sent[len(sent)-1].At.Sub(sent[len(sent)-2].At); late > 15*time.Second {
		t.Errorf("the second request was sent %v after the first", late)
	}
	if err := syscall.Kill(daemon, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.recovers()
	if all := d.provider.Grants(); len(all) != 1 || all[0].Ended != "" {
		t.Errorf("%d grants; the first one's end: %q", len(all), all[0].Ended)
	}
}

// longestAnswerUntil asks for the status and the token until something is so.
func (d *desk) longestAnswerUntil(so func() bool) (longest time.Duration) {
	d.t.Helper()
	for !so() {
		for _, path := range []string{"/connections/work", "/connections/work/token?timeout=" + noWait} {
			begun := time.Now()
			if r, err := d.call(http.MethodGet, path, nil); err != nil || r.status != http.StatusOK {
				d.t.Errorf("GET %s: %d %v", path, r.status, err)
			}
			longest = max(longest, time.Since(begun))
		}
		time.Sleep(20 * time.Millisecond)
	}
	return longest
}

// daemon is the process that answers for the keychain.
func (d *desk) daemon() int {
	d.t.Helper()
	var pid uint32
	err := d.bus.Connect().BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, "org.freedesktop.secrets").Store(&pid)
	if err != nil {
		d.t.Fatal(err)
	}
	return int(pid)
}

// attributes name an item as go-keyring does.
func (d *desk) attributes(item string) []string {
	return []string{"service", d.paths.Service(), "username", item}
}

// deleteItem deletes an item, if it is there: secret-tool fails if not.
func (d *desk) deleteItem(item string) {
	d.keyring.SecretTool("", append([]string{"clear"}, d.attributes(item)...)...)
}

func (d *desk) corruptItem(item string) {
	d.t.Helper()
	_, err := d.keyring.SecretTool("nonsense", append([]string{"store", "--label=x", "--collection=login"}, d.attributes(item)...)...)
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestKeychainItemsChangedByHandWhileTheAgentRuns(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	for what, change := range map[string]func(){
		"head deleted":   func() { d.deleteItem("work") },
		"head corrupted": func() { d.corruptItem("work") },
	} {
		change()
		if _, _, err := d.record("work"); err == nil {
			t.Fatalf("%s: the record is as it was: this test shows nothing", what)
		}
		d.says(0, "connected") // from memory
		d.refresh("work")
		d.awaitWritten("work") // and the next refresh puts it back
	}
	if n := len(d.provider.Grants()); n != 1 {
		t.Errorf("%d grants", n)
	}
}

func TestKeychainItemDeletedByHandIsADisconnection(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.kill()
	d.deleteItem("work")
	d.run()
	d.await("work", tokens.Disconnected)
	d.says(3, "disconnected", "authtray connect work")
	d.connect("work")
	d.recovers()
}

func TestKeychainItemCorruptedByHandIsSaidAndReplaced(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.awaitWritten("work")
	d.kill()
	d.corruptItem("work")
	hits := d.provider.TokenHits()
	d.run()
	st := d.await("work", tokens.ReconnectRequired)
	if st.Reason != tokens.ReasonRecordDamaged {
		t.Errorf("reason %s", st.Reason)
	}
	d.says(3, "reconnect required", "authtray connect work")
	if n := d.provider.TokenHits() - hits; n != 0 {
		t.Errorf("%d requests with a damaged record", n)
	}
	d.connect("work")
	d.recovers()
}

func TestKeychainDialogNobodyAnswers(t *testing.T) {
	if !apart(t) {
		return
	}
	d := newDesk(t)
	d.servesOneFor(short)
	prompter := d.bus.StartPrompter()
	d.keyring.Lock()
	d.await("work", tokens.KeychainLocked)
	if prompter.Waiting() != 0 {
		t.Error("a dialog that nobody asked for")
	}
	asked := make(chan outcome, 1)
	go func() { asked <- d.does("refresh", "work") }()
	dialog := prompter.Await()
	d.awaitEndOfToken()
	d.says(6, "keychain locked", "Unlock") // while the dialog is on the screen
	if got := <-asked; got.exit != 6 || !strings.Contains(got.err, "locked") {
		t.Errorf("refresh with an unanswered dialog ends with %d: %s", got.exit, got.err)
	}
	dialog.Answer(password) // late
	d.recovers()
	if prompter.Waiting() != 0 {
		t.Error("a second dialog")
	}
}

// narrow takes items of so many bytes and no more.
type narrow struct {
	store.Items
	most *atomic.Int64
}

func (n narrow) Set(ctx context.Context, name, text string) error {
	if int64(len(text)) > n.most.Load() {
		return errors.New("data passed to Set was too big")
	}
	return n.Items.Set(ctx, name, text)
}

func TestKeychainItemsTooLarge(t *testing.T) {
	if !apart(t) {
		return
	}
	bus := storetest.StartBus(t)
	for system, like := range map[string]func(service string) *storetest.Items{
		"windows": func(string) *storetest.Items { return storetest.NewItems().LikeWindows() },
		"macos":   storetest.NewItems().LikeMacOS,
	} {
		for length, fill := range map[string]string{"short": "", "longest": strings.Repeat("x", 64)} {
			t.Run(system+", "+length+" names", func(t *testing.T) {
				profile, name := (system + fill)[:max(len(system), len(fill))], ("work" + fill)[:max(4, len(fill))]
				if err := errors.Join(config.CheckName(profile), config.CheckName(name)); err != nil {
					t.Fatal(err)
				}
				a := newAgent(t, bus, newProvider(t, server.Options{}), profile)
				items := like(a.paths.Service())
				a.items = store.Split(readOnly{items})
				stop := a.here(store.Split(items))
				a.add(name, sealsFor(true)...)
				a.connect(name)
				a.refresh(name)
				a.awaitWritten(name)
				stop()
				a.here(store.Split(items))
				a.await(name, tokens.Connected)
			})
		}
	}
	t.Run("smaller than any", func(t *testing.T) {
		items, most := storetest.NewItems(), &atomic.Int64{}
		most.Store(1 << 20)
		a := newAgent(t, bus, newProvider(t, server.Options{}), "narrow")
		a.items = store.Split(readOnly{items})
		a.here(store.Split(narrow{items, most}))
		a.add("work", sealsFor(true)...)
		a.connect("work")
		most.Store(500)
		a.refresh("work")
		if st, err := a.status("work"); err != nil || st.State != tokens.Connected || !st.Unsaved || st.Detail == "" {
			t.Errorf("a grant that does not fit is told as %+v, %v", st, err)
		}
		if r, err := a.call(http.MethodGet, "/connections/work/token", nil); err != nil || r.status != http.StatusOK {
			t.Errorf("its token: %d %v", r.status, err)
		}
		most.Store(1 << 20)
		a.awaitWritten("work")
	})
}
