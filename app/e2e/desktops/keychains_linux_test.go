package desktops

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// Two keychains at once, then one in the place of the other, and back: a grant is
// kept in the one that is there, and an older copy of it in the other one is never
// taken for it.
func TestDesktopKeychainReplacedByAnother(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	d := desktop.Bare(t, false)
	keyring := d.StartKeyring()
	k := newKeePass(newWorld(t, d))
	k.run("--no-tray")
	k.connect("practice")

	k.open() // beside the other one, which has the name
	bustest.Eventually(t, bustest.Said("KeePassXC shows no window"), func() bool {
		out, _ := exec.Command("xdotool", "search", "--onlyvisible", "--class", "keepassxc").Output()
		return len(out) > 0
	})
	k.do("refresh", "practice")
	k.awaitState("practice", "connected")
	if all, _ := k.entries(); all != 0 {
		t.Errorf("with two keychains %d entries went to the second one", all)
	}

	k.d.Kill(k.program)
	k.d.Kill(keyring)
	k.d.AwaitGone("org.freedesktop.secrets")
	k.open() // in its place
	k.d.Await("org.freedesktop.secrets")
	k.do("refresh", "practice") // goes on with what the agent knows, and keeps it there
	entries := 0
	bustest.Eventually(t, func() string { return fmt.Sprintf("%d entries in the other keychain", entries) }, func() bool {
		entries, _ = k.entries() // KeePassXC saves a moment later
		return entries == 1
	})

	k.d.Kill(k.program)
	k.d.StartKeyring() // which has an older grant than the agent
	k.awaitState("practice", "connected")
	k.do("refresh", "practice")
	k.stop()
	k.run("--no-tray")
	k.awaitState("practice", "connected")
	k.do("refresh", "practice")
}

// padding makes a grant of more than one part where parts are needed.
var padding = strings.Repeat("long", 2000)

// longTokens gives refresh tokens of 8 kB.
func longTokens(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		if long := form.Get("refresh_token"); long != "" {
			form.Set("refresh_token", strings.TrimSuffix(long, padding))
		}
		body = []byte(form.Encode())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		const name = `"refresh_token":"`
		before, after, ok := strings.Cut(answer.Body.String(), name)
		token, rest, _ := strings.Cut(after, `"`)
		text := before
		if ok {
			text = before + name + token + padding + `"` + rest
		}
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		io.WriteString(w, text)
	})
}

// A grant of any size is one item on Linux, which a refresh replaces in place: what
// is deleted stays in KeePassXC's recycle bin.
func TestDesktopRefreshOfALargeGrantWritesOneItem(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	d := desktop.Bare(t, false)
	d.StartKeyring()
	w := newWorld(t, d, longTokens)
	w.run("--no-tray")
	w.connect("practice")
	w.do("refresh", "practice")
	calls := bustest.Listen(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "type='method_call',destination='org.freedesktop.secrets'")
	const times = 5
	for range times {
		w.do("refresh", "practice")
	}
	var all []string
	bustest.Eventually(t, func() string { return fmt.Sprint(all) }, func() bool {
		all = nil
		for _, call := range calls.Calls("") {
			all = append(all, fmt.Sprint(call.Headers[dbus.FieldMember].Value()))
		}
		return len(calls.Calls("CreateItem")) >= times
	})
	count := map[string]int{}
	for _, member := range all {
		count[member]++
	}
	t.Logf("%d calls for %d refreshes: %v", len(all), times, count)
	if count["CreateItem"] != times || count["Delete"] != 0 {
		t.Errorf("%v, and not one item written for each refresh and none deleted", count)
	}
}
