package storetest

import (
	"os/exec"
	"strings"
	"syscall"

	"github.com/godbus/dbus/v5"
)

const (
	secrets     = "org.freedesktop.secrets"
	secretsPath = dbus.ObjectPath("/org/freedesktop/secrets")
	// Login is the collection that StartKeyring makes.
	Login = dbus.ObjectPath("/org/freedesktop/secrets/collection/login")
)

// Keyring is a real gnome-keyring-daemon on a Bus.
type Keyring struct {
	bus  *Bus
	conn *dbus.Conn
	life *life
}

// StartKeyring starts the daemon and opens the collection "login" with
// password, making it the first time. Without a password the collection
// stays as it is: locked, or absent.
func (b *Bus) StartKeyring(password string) *Keyring {
	b.t.Helper()
	Need(b.t, "gnome-keyring-daemon")
	k := &Keyring{bus: b, conn: b.Connect()}
	args, input := []string{"gnome-keyring-daemon", "--foreground", "--components=secrets"}, []string(nil)
	if password != "" {
		args, input = append(args, "--unlock"), []string{password}
	}
	k.life = start(b.t, b.Env(), input, args...)
	b.t.Cleanup(k.Kill)
	Eventually(b.t, "gnome-keyring-daemon to answer", func() bool {
		locked, err := k.locked()
		return k.owned() && (password == "" || (err == nil && !locked))
	})
	return k
}

// Kill ends the daemon with SIGKILL, and waits until its name is gone.
func (k *Keyring) Kill() {
	if k.life == nil {
		return
	}
	k.life.kill()
	k.life = nil
	Eventually(k.bus.t, "the Secret Service to be gone", func() bool { return !k.owned() })
}

// Forget is Kill for a daemon whose bus has gone.
func (k *Keyring) Forget() {
	k.life.kill()
	k.life = nil
}

// Stop makes the daemon answer nothing (SIGSTOP), until Continue.
func (k *Keyring) Stop() { k.signal(syscall.SIGSTOP) }

// Continue undoes Stop.
func (k *Keyring) Continue() { k.signal(syscall.SIGCONT) }

func (k *Keyring) signal(signal syscall.Signal) {
	k.bus.t.Helper()
	var pid uint32
	err := k.conn.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, secrets).Store(&pid)
	if err == nil {
		err = syscall.Kill(int(pid), signal)
	}
	if err != nil {
		k.bus.t.Fatal(err)
	}
}

// Lock locks "login" behind everyone's back.
func (k *Keyring) Lock() {
	k.bus.t.Helper()
	err := k.service().Call("org.freedesktop.Secret.Service.Lock", dbus.FlagNoAutoStart, []dbus.ObjectPath{Login}).Err
	if err != nil {
		k.bus.t.Fatal(err)
	}
}

// Unlock opens "login" without a dialog, as a login with the password does.
func (k *Keyring) Unlock(password string) {
	k.bus.t.Helper()
	if err := k.unlock(password); err != nil {
		k.bus.t.Fatal(err)
	}
}

func (k *Keyring) unlock(password string) error {
	var output dbus.Variant
	var session dbus.ObjectPath
	err := k.service().Call("org.freedesktop.Secret.Service.OpenSession", dbus.FlagNoAutoStart, "plain", dbus.MakeVariant("")).
		Store(&output, &session)
	if err != nil {
		return err
	}
	master := struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}{session, []byte{}, []byte(password), "text/plain"}
	return k.service().Call("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface.UnlockWithMasterPassword",
		dbus.FlagNoAutoStart, Login, master).Err
}

// SecretTool runs secret-tool with these arguments, and returns what it prints.
func (k *Keyring) SecretTool(input string, args ...string) (string, error) {
	k.bus.t.Helper()
	Need(k.bus.t, "secret-tool")
	tool := exec.Command("secret-tool", args...)
	tool.Env, tool.Stdin = k.bus.Env(), strings.NewReader(input)
	out, err := tool.Output()
	return string(out), err
}

func (k *Keyring) service() dbus.BusObject { return k.conn.Object(secrets, secretsPath) }

func (k *Keyring) owned() (owned bool) {
	err := k.conn.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, secrets).Store(&owned)
	return err == nil && owned
}

func (k *Keyring) locked() (locked bool, err error) {
	var v dbus.Variant
	err = k.conn.Object(secrets, Login).
		Call("org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, "org.freedesktop.Secret.Collection", "Locked").Store(&v)
	if err == nil {
		err = v.Store(&locked)
	}
	return locked, err
}
