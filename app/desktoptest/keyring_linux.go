package desktoptest

import (
	"os/exec"
	"strings"

	"github.com/authtray/authtray/app/bus/bustest"
)

const secretService = "org.freedesktop.secrets"

// startKeyring starts gnome-keyring with its login collection open.
func (d *Desktop) startKeyring() {
	d.t.Helper()
	cmd := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	cmd.Stdin = strings.NewReader("a password for one test")
	d.Run(cmd)
	d.await(secretService, true) // asking sooner would have the bus start another one
	bustest.Eventually(d.t, bustest.Said("the keychain does not open"), func() bool {
		v, err := d.conn.Object(secretService, "/org/freedesktop/secrets/collection/login").
			GetProperty("org.freedesktop.Secret.Collection.Locked")
		locked, ok := v.Value().(bool)
		return err == nil && ok && !locked
	})
}

// Secret looks an item up in the keychain with secret-tool, as any other
// program would; "" where there is none.
func (d *Desktop) Secret(service, user string) string {
	d.t.Helper()
	out, err := exec.Command("secret-tool", "lookup", "service", service, "username", user).Output()
	if err != nil && len(out) > 0 {
		d.t.Fatalf("secret-tool: %v", err)
	}
	return string(out)
}
