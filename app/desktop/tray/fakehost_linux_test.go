package tray

import (
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// fakeHost is a StatusNotifierWatcher that remembers who registered.
type fakeHost struct {
	conn *dbus.Conn
	mu   sync.Mutex
	from []string // unique names, in order
}

func startFakeHost(t *testing.T, address string) *fakeHost {
	t.Helper()
	h := &fakeHost{conn: bustest.Connect(t, address)}
	if err := h.conn.Export(h, watcherPath, watcherName); err != nil {
		t.Fatal(err)
	}
	if _, err := prop.Export(h.conn, watcherPath, prop.Map{watcherName: {
		"IsStatusNotifierHostRegistered": {Value: true},
	}}); err != nil {
		t.Fatal(err)
	}
	if r, err := h.conn.RequestName(watcherName, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("taking the tray host's name: %v %v", r, err)
	}
	return h
}

// RegisterStatusNotifierItem is called by trays.
func (h *fakeHost) RegisterStatusNotifierItem(sender dbus.Sender, path string) *dbus.Error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if path == itemPath {
		h.from = append(h.from, string(sender))
	}
	return nil
}

// item waits for a tray to register and returns its name on the bus.
func (h *fakeHost) item(t *testing.T) string {
	t.Helper()
	var name string
	bustest.Eventually(t, bustest.Said("no tray registered"), func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.from) > 0 {
			name = h.from[len(h.from)-1]
		}
		return name != ""
	})
	return name
}

// remoteItem is an entry of the menu as the bus shows it.
type remoteItem struct {
	id    int32
	props map[string]dbus.Variant
	below []remoteItem
}

func (r remoteItem) label() string {
	s, _ := r.props["label"].Value().(string)
	return strings.ReplaceAll(s, "__", "_")
}

// readMenu reads the menu as tray hosts do.
func readMenu(t *testing.T, conn *dbus.Conn, item string) remoteItem {
	t.Helper()
	type layout struct {
		ID    int32
		Props map[string]dbus.Variant
		Below []dbus.Variant
	}
	var revision uint32
	var root layout
	err := conn.Object(item, menuPath).Call(menuFace+".GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		t.Fatal(err)
	}
	var walk func(l layout) remoteItem
	walk = func(l layout) remoteItem {
		r := remoteItem{id: l.ID, props: l.Props}
		for _, v := range l.Below {
			var b layout
			if err := dbus.Store([]any{v.Value()}, &b); err != nil {
				t.Fatal(err)
			}
			r.below = append(r.below, walk(b))
		}
		return r
	}
	return walk(root)
}

// find waits for the entry at the labels path and returns it.
func find(t *testing.T, conn *dbus.Conn, item string, path ...string) remoteItem {
	t.Helper()
	var at remoteItem
	bustest.Eventually(t, bustest.Said("no entry "+strings.Join(path, " / ")), func() bool {
		at = readMenu(t, conn, item)
		for _, label := range path {
			next, ok := at.child(label)
			if !ok {
				return false
			}
			at = next
		}
		return true
	})
	return at
}

func (r remoteItem) child(label string) (remoteItem, bool) {
	for _, b := range r.below {
		if b.label() == label {
			return b, true
		}
	}
	return remoteItem{}, false
}

func click(t *testing.T, conn *dbus.Conn, item string, id int32) {
	t.Helper()
	if err := conn.Object(item, menuPath).Call(menuFace+".Event", 0, id, "clicked", dbus.MakeVariant(0), uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
}

func property(t *testing.T, conn *dbus.Conn, item, name string) any {
	t.Helper()
	v, err := conn.Object(item, itemPath).GetProperty("org.kde.StatusNotifierItem." + name)
	if err != nil {
		t.Fatal(err)
	}
	return v.Value()
}
