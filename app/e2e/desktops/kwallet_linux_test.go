package desktops

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
	"github.com/authtray/authtray/app/e2e/desktop"
)

const kwallet = "org.kde.kwalletd5"

// startKDE begins a session whose bus can start KWallet, as Plasma's can, and no
// other keychain.
func startKDE(t *testing.T) *world {
	t.Helper()
	bustest.Need(t, "kwalletd5", "openbox", "import")
	d := desktop.Bare(t, false, kwallet)
	for name, value := range map[string]string{"XDG_CURRENT_DESKTOP": "KDE", "KDE_FULL_SESSION": "true", "KDE_SESSION_VERSION": "5"} {
		t.Setenv(name, value)
	}
	d.Run(exec.Command("openbox"))
	return newWorld(t, d)
}

// openWallet opens a wallet as pam_kwallet does at login, making it if need be.
func (w *world) openWallet(name string) {
	w.Helper()
	folder := filepath.Join(os.Getenv("XDG_DATA_HOME"), "kwalletd")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		w.Fatal(err)
	}
	salt := make([]byte, 56)
	file := filepath.Join(folder, name+".salt")
	if kept, err := os.ReadFile(file); err == nil {
		salt = kept
	} else {
		rand.Read(salt)
		if err := os.WriteFile(file, salt, 0o600); err != nil {
			w.Fatal(err)
		}
	}
	hash, err := pbkdf2.Key(sha512.New, password, salt, 50000, 56)
	if err != nil {
		w.Fatal(err)
	}
	if err := w.kwallet().Call("org.kde.KWallet.pamOpen", 0, name, hash, int32(0)).Err; err != nil {
		w.Fatal(err)
	}
}

// makeWallet makes a wallet as the first login does, and ends that session's KWallet.
func (w *world) makeWallet() {
	w.Helper()
	daemon := exec.Command("kwalletd5")
	w.d.Run(daemon)
	w.d.Await(kwallet)
	w.openWallet("kdewallet")
	w.d.Kill(daemon)
}

func (w *world) kwallet() dbus.BusObject {
	return w.d.Bus().Object(kwallet, "/modules/kwalletd5")
}

func TestDesktopKWallet(t *testing.T) {
	if !ordinary(t, false) {
		return
	}
	t.Run("is started where nobody has, and used once it is open", func(t *testing.T) {
		w := startKDE(t)
		w.makeWallet()
		w.run("--no-tray")
		w.d.Await(kwallet)
		w.openWallet("kdewallet")
		w.connect("practice")
		before := w.do("token", "practice")
		w.stop()
		w.run("--no-tray")
		w.awaitState("practice", "connected")
		if w.do("token", "practice") != before {
			t.Error("another token after a restart of the agent")
		}
		bustest.Screenshot(t, "kwallet-open")
	})
	t.Run("gets the wallet that KDE itself would make", func(t *testing.T) {
		w := startKDE(t)
		w.run("--no-tray")
		w.add("practice")
		calls := bustest.Listen(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "type='method_call',interface='org.freedesktop.Secret.Service'")
		before := bustest.Screenshot(t, "kwallet-fresh")
		w.d.Run(w.command("connect", "practice"))
		bustest.Eventually(t, bustest.Said("KWallet asks nothing"), func() bool {
			return bustest.Differ(before, bustest.Screenshot(t, "kwallet-fresh")) > 50000
		})
		for _, made := range calls.Calls("CreateCollection") {
			if properties := fmt.Sprint(made.Body[0]); !strings.Contains(properties, "kdewallet") {
				t.Errorf("a wallet was made with %s", properties)
			}
		}
	})
	t.Run("makes no second wallet in the session that has made the first", func(t *testing.T) {
		w := startKDE(t)
		w.d.Run(exec.Command("kwalletd5"))
		w.d.Await(kwallet)
		w.openWallet("kdewallet")
		w.run("--no-tray")
		w.add("practice")
		calls := bustest.Listen(t, os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "type='method_call',interface='org.freedesktop.Secret.Service'")
		out, err := w.command("unlock").CombinedOutput()
		if made := calls.Calls("CreateCollection"); len(made) > 0 || err == nil || !strings.Contains(string(out), "log out and in") {
			t.Errorf("%d wallets are made, %v: %s", len(made), err, out)
		}
	})
}
