package notify

import (
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/app/e2e/bustest"
)

// received is one call of Notify.
type received struct {
	Replaces      uint32
	Summary, Body string
	Actions       []string
	Hints         map[string]dbus.Variant
	Expires       int32
	ID            uint32
}

// fakeServer is a notification server.
type fakeServer struct {
	conn *dbus.Conn
	can  []string

	mu     sync.Mutex
	hung   chan struct{} // what it is asked waits for it; nil: nothing does
	last   uint32
	got    []received
	closed []uint32
}

func startFakeServer(t *testing.T, address string, firstID uint32, can ...string) *fakeServer {
	t.Helper()
	s := &fakeServer{conn: bustest.Connect(t, address), can: can, last: firstID - 1}
	if err := s.conn.Export(s, serverPath, serverName); err != nil {
		t.Fatal(err)
	}
	if r, err := s.conn.RequestName(serverName, dbus.NameFlagDoNotQueue); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("taking the server's name: %v %v", r, err)
	}
	return s
}

func (s *fakeServer) GetCapabilities() ([]string, *dbus.Error) {
	s.wait()
	return s.can, nil
}

func (s *fakeServer) wait() {
	s.mu.Lock()
	hung := s.hung
	s.mu.Unlock()
	if hung != nil {
		<-hung
	}
}

// hang lets the server answer nothing until what it returns is closed.
func (s *fakeServer) hang(t *testing.T) chan struct{} {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hung = make(chan struct{})
	return s.hung
}

// well lets the server answer what it is asked from now on.
func (s *fakeServer) well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hung = nil
}

func (s *fakeServer) Notify(_ string, replaces uint32, _, summary, body string, actions []string, hints map[string]dbus.Variant, expires int32) (uint32, *dbus.Error) {
	s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	id := replaces
	if id == 0 {
		s.last++
		id = s.last
	}
	s.got = append(s.got, received{replaces, summary, body, actions, hints, expires, id})
	return id, nil
}

func (s *fakeServer) CloseNotification(id uint32) *dbus.Error {
	s.mu.Lock()
	s.closed = append(s.closed, id)
	s.mu.Unlock()
	s.emit("NotificationClosed", id, uint32(3))
	return nil
}

func (s *fakeServer) emit(member string, args ...any) {
	s.conn.Emit(serverPath, serverName+"."+member, args...)
}

// nth waits for the n-th notification, counted from 1.
func (s *fakeServer) nth(t *testing.T, n int) received {
	t.Helper()
	var r received
	bustest.Eventually(t, bustest.Said("not that many notifications came"), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.got) >= n {
			r = s.got[n-1]
		}
		return len(s.got) >= n
	})
	return r
}

func (s *fakeServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

func (s *fakeServer) sawClosed(t *testing.T, id uint32) {
	t.Helper()
	bustest.Eventually(t, bustest.Said("the notification was not closed"), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.closed {
			if c == id {
				return true
			}
		}
		return false
	})
}
