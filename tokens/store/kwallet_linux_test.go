package store_test

import (
	"errors"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// walletVariable makes this test program a KWallet without wallets; it holds the
// names that it takes, of which a bus can start it by one.
const walletVariable = "AUTHTRAY_TEST_KWALLET"

const (
	secretsName    = "org.freedesktop.secrets"
	collectionsAt  = dbus.ObjectPath("/org/freedesktop/secrets/collection")
	serviceFace    = "org.freedesktop.Secret.Service"
	collectionFace = "org.freedesktop.Secret.Collection"
)

// fakeWallet is as much of KWallet as makes a wallet without asking anybody.
type fakeWallet struct {
	conn  *dbus.Conn
	props *prop.Properties
	made  dbus.ObjectPath
}

func (w *fakeWallet) ReadAlias(string) (dbus.ObjectPath, *dbus.Error) { return w.made, nil }

func (w *fakeWallet) CreateCollection(properties map[string]dbus.Variant, _ string) (made, prompt dbus.ObjectPath, _ *dbus.Error) {
	label, _ := properties[collectionFace+".Label"].Value().(string)
	w.made = collectionsAt + dbus.ObjectPath("/"+path.Base(label))
	_, err := prop.Export(w.conn, w.made, prop.Map{collectionFace: {"Locked": {Value: false}}})
	if err != nil {
		return "/", "/", dbus.MakeFailedError(err)
	}
	w.props.SetMust(serviceFace, "Collections", []dbus.ObjectPath{w.made})
	return w.made, "/", nil
}

func (w *fakeWallet) SearchItems(map[string]string) (open, locked []dbus.ObjectPath, _ *dbus.Error) {
	return []dbus.ObjectPath{}, []dbus.ObjectPath{}, nil
}

// serveWallet is the daemon's process, which ends with its bus.
func serveWallet(own string) {
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		panic(err)
	}
	w := &fakeWallet{conn: conn, made: "/"}
	const at = dbus.ObjectPath("/org/freedesktop/secrets")
	w.props, err = prop.Export(conn, at, prop.Map{serviceFace: {"Collections": {Value: []dbus.ObjectPath{}}}})
	if err == nil {
		err = conn.Export(w, at, serviceFace)
	}
	for _, name := range []string{secretsName, own} { // as KWallet does: this way around
		if err == nil {
			_, err = conn.RequestName(name, dbus.NameFlagDoNotQueue)
		}
	}
	if err != nil {
		panic(err)
	}
	<-conn.Context().Done()
}

func TestMain(m *testing.M) {
	if own := os.Getenv(walletVariable); own != "" {
		serveWallet(own)
		return
	}
	os.Exit(m.Run())
}

// Each KWallet is started where nobody is a Secret Service, by the name that its
// bus has for it, and makes the wallet that KDE's own programs share.
func TestKWalletOfEachVersionIsStarted(t *testing.T) {
	for _, offered := range [][]string{
		{"org.kde.kwalletd5"},
		{"org.kde.kwalletd6"},
		{"org.kde.kwalletd6", "org.kde.kwalletd5"},
		{"org.kde.secretservicecompat"},
		{"org.kde.secretservicecompat", "org.kde.kwalletd6", "org.kde.kwalletd5"},
	} {
		t.Run(strings.Join(offered, " before "), func(t *testing.T) {
			bus := storetest.StartBus(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range offered {
				if i == 0 {
					bus.Offer(name, "/usr/bin/env", walletVariable+"="+name, self)
				} else { // which is not to be started beside it
					bus.Offer(name, "/bin/false")
				}
			}
			s := newKeychain(t)
			if err := s.Check(storetest.Context(t)); !errors.Is(err, store.ErrNoKeyring) {
				t.Fatalf("Check: %v, want ErrNoKeyring", err)
			}
			if err := s.Unlock(storetest.Context(t)); err != nil {
				t.Fatalf("Unlock: %v", err)
			}
			v, err := bus.Connect().Object(secretsName, "/org/freedesktop/secrets").GetProperty(serviceFace + ".Collections")
			if got, _ := v.Value().([]dbus.ObjectPath); err != nil || len(got) != 1 || got[0] != collectionsAt+"/kdewallet" {
				t.Errorf("the wallets are %v, %v", v, err)
			}
		})
	}
}
