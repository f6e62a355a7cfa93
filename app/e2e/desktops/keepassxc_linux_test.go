package desktops

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

// keePassSettings are the defaults of KeePassXC's Secret Service, but for the
// first, without which it is none.
const keePassSettings = `[General]
ConfigVersion=2
UpdateCheckMessageShown=true
[FdoSecrets]
Enabled=true
ConfirmAccessItem=true
ConfirmDeleteItem=true
[GUI]
CheckForUpdates=false
`

// keePass is a session with KeePassXC as its keychain.
type keePass struct {
	*world
	config, database string
	program          *exec.Cmd
}

// startKeePass makes a database that gives its entries to the Secret Service, and
// opens it.
func startKeePass(t *testing.T) *keePass {
	t.Helper()
	d := desktop.Bare(t, false)
	k := newKeePass(newWorld(t, d))
	k.open()
	d.Await("org.freedesktop.secrets")
	return k
}

func newKeePass(w *world) *keePass {
	w.Helper()
	bustest.Need(w, "keepassxc", "keepassxc-cli", "openbox", "xdotool", "import")
	home := w.d.Home()
	w.d.Run(exec.Command("openbox"))
	k := &keePass{world: w, config: filepath.Join(home, "keepassxc.ini"), database: filepath.Join(home, "Passwords.kdbx")}
	id := make([]byte, 16)
	rand.Read(id)
	source := filepath.Join(home, "database.xml")
	if err := os.WriteFile(source, []byte(fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?>
<KeePassFile><Meta><DatabaseName>Passwords</DatabaseName><RecycleBinEnabled>True</RecycleBinEnabled>
<CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{%x-%x-%x-%x-%x}</Value></Item></CustomData></Meta>
<Root><Group><UUID>%s</UUID><Name>Root</Name></Group></Root></KeePassFile>
`, id[:4], id[4:6], id[6:8], id[8:10], id[10:], base64.StdEncoding.EncodeToString(id))), 0o600); err != nil {
		w.Fatal(err)
	}
	k.cli("pw\npw\n", "import", "-p", "-t", "100", source, k.database)
	w.Cleanup(func() {
		if w.Failed() {
			bustest.Screenshot(w, "keepassxc-at-the-end")
		}
	})
	return k
}

// open starts KeePassXC with its database open. One that finds another Secret Service
// turns its own off in its settings, which are as at first here.
func (k *keePass) open() {
	k.Helper()
	if err := os.WriteFile(k.config, []byte(keePassSettings), 0o600); err != nil {
		k.Fatal(err)
	}
	k.program = exec.Command("keepassxc", "--pw-stdin", "--config", k.config, "--localconfig", k.config+".local", k.database)
	k.program.Stdin = strings.NewReader("pw\n")
	k.d.Run(k.program)
}

func (k *keePass) cli(input string, args ...string) string {
	k.Helper()
	cmd := exec.Command("keepassxc-cli", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		k.Fatalf("keepassxc-cli %v: %v", args, err)
	}
	return string(out)
}

// entries counts the entries in the database's file, the deleted ones among them.
func (k *keePass) entries() (all, deleted int) {
	k.Helper()
	text := k.cli("pw\n", "ls", "-R", "-f", k.database)
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasSuffix(line, "/") || strings.HasSuffix(line, "[empty]"):
		case strings.HasPrefix(line, "Recycle Bin/"):
			all, deleted = all+1, deleted+1
		default:
			all++
		}
	}
	return all, deleted
}

// dialogs counts KeePassXC's questions on the screen.
func dialogs() int {
	out, _ := exec.Command("xdotool", "search", "--onlyvisible", "--name", "Access Request").Output()
	return bytes.Count(out, []byte("\n"))
}

// A new process may not read what another one wrote before its user agrees.
func TestDesktopKeePassXC(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	k := startKeePass(t)
	k.run("--no-tray")
	k.connect("practice")
	k.add("second")
	k.d.Run(k.command("connect", "second"))
	k.agree(k.awaitBrowser(2))
	k.awaitState("second", "connected")
	k.stop()

	calls := bustest.Listen(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "type='method_call',interface='org.freedesktop.Secret.Prompt'")
	k.run("--no-tray")
	k.awaitState("practice", "keychain_locked")
	k.awaitState("second", "keychain_locked")
	bustest.Eventually(t, bustest.Said("KeePassXC asks nothing"), func() bool { return dialogs() > 0 })
	bustest.Screenshot(t, "keepassxc-asks")
	for _, name := range []string{"practice", "second"} {
		if got := k.status(name); !strings.HasPrefix(got.Detail, "KeePassXC asks whether Authtray may read its entries") {
			t.Errorf("%s is %+v", name, got)
		}
		k.command("token", name).Run() // a tool asks, and brings no further question
	}
	if out, _ := k.command("doctor").CombinedOutput(); !strings.Contains(string(out), "KeePassXC asks") {
		t.Errorf("doctor says %s", out)
	}
	if prompts, seen := len(calls.Calls("Prompt")), dialogs(); prompts != 1 || seen != 1 {
		t.Errorf("%d prompts and %d dialogs, not one", prompts, seen)
	}
	if out, err := exec.Command("xdotool", "key", "Escape").CombinedOutput(); err != nil {
		t.Fatalf("xdotool: %v %s", err, out)
	}
	bustest.Eventually(t, bustest.Said("the question stays"), func() bool { return dialogs() == 0 })
	for range 3 { // closed is closed, whoever asks
		if code := k.command("token", "practice").Run(); code == nil {
			t.Error("a token was given after it was closed")
		}
	}
	k.wantDenied("practice", "second")
	k.d.Run(k.command("unlock"))
	bustest.Eventually(t, bustest.Said("authtray unlock asks nothing"), func() bool { return dialogs() == 1 })
	// The button, where openbox puts the question: in the middle of the screen.
	allowed := time.Now()
	pressAt(t, 355, 620, 1)
	k.awaitState("practice", "connected")
	t.Logf("the answer was taken up after %v", time.Since(allowed))
	k.awaitState("second", "connected")
	bustest.Screenshot(t, "keepassxc-allowed")
	if out, _ := k.command("doctor").CombinedOutput(); !strings.Contains(string(out), "The keychain is open") {
		t.Errorf("doctor says %s", out)
	}
	for range 3 {
		k.do("refresh", "practice")
	}
	all, deleted := 0, 0
	bustest.Eventually(t, func() string { return fmt.Sprintf("%d entries, of which %d are deleted", all, deleted) }, func() bool {
		all, deleted = k.entries() // KeePassXC saves a moment later
		return all == 2 && deleted == 0
	})
}

// wantDenied is that nothing is asked, and that status and doctor say what the user did.
func (k *keePass) wantDenied(names ...string) {
	k.Helper()
	for _, name := range names {
		k.awaitReason(name, "keychain_denied")
		if got := k.status(name); got.State != "keychain_locked" || !strings.HasPrefix(got.Detail, "KeePassXC does not let Authtray read its entries. ") {
			k.Errorf("%s is %+v", name, got)
		}
	}
	if out, _ := k.command("doctor").CombinedOutput(); !strings.Contains(string(out), "KeePassXC does not let Authtray") {
		k.Errorf("doctor says %s", out)
	}
	if seen := dialogs(); seen != 0 {
		k.Errorf("there are %d dialogs", seen)
	}
}

// A denial holds for the process that was denied: KeePassXC does not ask on its
// behalf again, whatever the user tells Authtray, and asks for the next one.
func TestDesktopKeePassXCDenied(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	k := startKeePass(t)
	k.run("--no-tray")
	k.connect("practice")
	k.stop()

	calls := bustest.Listen(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "type='method_call',interface='org.freedesktop.Secret.Prompt'")
	k.run("--no-tray")
	k.awaitReason("practice", "keychain_withheld")
	bustest.Eventually(t, bustest.Said("KeePassXC asks nothing"), func() bool { return dialogs() == 1 })
	pressAt(t, 789, 620, 1)
	bustest.Eventually(t, bustest.Said("the question stays"), func() bool { return dialogs() == 0 })
	for range 3 {
		if k.command("token", "practice").Run() == nil {
			t.Error("a token was given after the denial")
		}
	}
	k.wantDenied("practice")
	if prompts := len(calls.Calls("Prompt")); prompts != 1 {
		t.Errorf("%d prompts, not one", prompts)
	}
	out, err := k.command("unlock").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "start Authtray anew") || !strings.Contains(string(out), "authtray run --replace") {
		t.Errorf("authtray unlock: %v, and it says %s", err, out)
	}
	bustest.Eventually(t, bustest.Said("authtray unlock does not ask KeePassXC"), func() bool { return len(calls.Calls("Prompt")) == 2 })
	k.wantDenied("practice")
	bustest.Screenshot(t, "keepassxc-denied")

	// Another KeePassXC knows of no answer.
	k.d.Kill(k.program)
	k.open()
	bustest.Eventually(t, bustest.Said("another KeePassXC asks nothing"), func() bool { return dialogs() == 1 })
	k.awaitReason("practice", "keychain_withheld")
	pressAt(t, 789, 620, 1)
	bustest.Eventually(t, bustest.Said("the question stays"), func() bool { return dialogs() == 0 })
	k.wantDenied("practice")

	k.start("--replace", "--no-tray")
	bustest.Eventually(t, bustest.Said("the next agent asks nothing"), func() bool { return dialogs() == 1 })
	k.awaitReason("practice", "keychain_withheld")
	pressAt(t, 355, 620, 1)
	k.awaitState("practice", "connected")
}
