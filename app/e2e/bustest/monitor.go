package bustest

import (
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// Monitor is a record of what passes over a bus.
type Monitor struct {
	mu   sync.Mutex
	seen []*dbus.Message
}

// Listen records, from now on, the messages on the bus at address that a match
// rule lets through.
func Listen(t testing.TB, address, rule string) *Monitor {
	t.Helper()
	conn := Connect(t, address)
	if err := conn.BusObject().Call("org.freedesktop.DBus.Monitoring.BecomeMonitor", 0, []string{rule}, uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
	messages := make(chan *dbus.Message, 64)
	conn.Eavesdrop(messages)
	m := &Monitor{}
	go func() {
		for message := range messages {
			m.mu.Lock()
			m.seen = append(m.seen, message)
			m.mu.Unlock()
		}
	}()
	return m
}

// Calls are the recorded calls of a method, by its name without the interface;
// all for "".
func (m *Monitor) Calls(member string) (calls []*dbus.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, message := range m.seen {
		if is, _ := message.Headers[dbus.FieldMember].Value().(string); message.Type == dbus.TypeMethodCall && (member == "" || is == member) {
			calls = append(calls, message)
		}
	}
	return calls
}
