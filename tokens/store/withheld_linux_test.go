package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// fakeDatabase is as much of KeePassXC as has one locked database with an entry of
// ours. Its user opens the database, and then allows no entry.
type fakeDatabase struct {
	conn  *dbus.Conn
	props *prop.Properties // of the collection

	mu     sync.Mutex
	asked  []dbus.ObjectPath // what the prompt that was made last is about
	asking []dbus.ObjectPath // what each dialog was about
}

const (
	databaseAt = collectionsAt + "/passwords"
	entryAt    = databaseAt + "/1"
	promptAt   = dbus.ObjectPath("/org/freedesktop/secrets/prompt/1")
	promptFace = "org.freedesktop.Secret.Prompt"
)

func (d *fakeDatabase) ReadAlias(string) (dbus.ObjectPath, *dbus.Error) { return databaseAt, nil }

func (d *fakeDatabase) SearchItems(map[string]string) (open, locked []dbus.ObjectPath, _ *dbus.Error) {
	return []dbus.ObjectPath{}, []dbus.ObjectPath{entryAt}, nil
}

func (d *fakeDatabase) Unlock(objects []dbus.ObjectPath) (unlocked []dbus.ObjectPath, prompt dbus.ObjectPath, _ *dbus.Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = objects
	return []dbus.ObjectPath{}, promptAt, nil
}

func (d *fakeDatabase) Prompt(string) *dbus.Error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asking = append(d.asking, d.asked...)
	opens := d.asked[0] == databaseAt
	if opens {
		d.props.SetMust(collectionFace, "Locked", false)
	}
	_ = d.conn.Emit(promptAt, promptFace+".Completed", !opens, dbus.MakeVariant(d.asked))
	return nil
}

// dialogs are what the user was asked about.
func (d *fakeDatabase) dialogs() []dbus.ObjectPath {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]dbus.ObjectPath{}, d.asking...)
}

func openDatabase(t *testing.T, bus *storetest.Bus) *fakeDatabase {
	t.Helper()
	d := &fakeDatabase{conn: bus.Connect()}
	const at = dbus.ObjectPath("/org/freedesktop/secrets")
	_, err := prop.Export(d.conn, at, prop.Map{serviceFace: {"Collections": {Value: []dbus.ObjectPath{databaseAt}}}})
	if err == nil {
		d.props, err = prop.Export(d.conn, databaseAt, prop.Map{collectionFace: {"Locked": {Value: true, Emit: prop.EmitTrue}}})
	}
	if err == nil {
		err = d.conn.Export(d, at, serviceFace)
	}
	if err == nil {
		err = d.conn.Export(d, promptAt, promptFace)
	}
	if err == nil {
		_, err = d.conn.RequestName(secretsName, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Who opens the database has not been asked yet whether Authtray may read its entries:
// that is no denial, and the question follows.
func TestOpeningADatabaseIsNoAnswerForItsEntries(t *testing.T) {
	d := openDatabase(t, storetest.StartBus(t))
	s := newKeychain(t)
	if err := s.Check(storetest.Context(t)); !errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrDenied) {
		t.Fatalf("Check: %v, want ErrLocked", err)
	}
	err := s.Unlock(storetest.Context(t))
	if asked := d.dialogs(); len(asked) != 2 || asked[0] != databaseAt || asked[1] != entryAt {
		t.Errorf("the user was asked for %v", asked)
	}
	if !errors.Is(err, store.ErrDenied) {
		t.Errorf("Unlock: %v, want ErrDenied, which was the user's second answer", err)
	}
}
