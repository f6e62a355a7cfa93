package providers

import (
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// What a browser may cost us.
const (
	headTimeout  = 10 * time.Second // to send its request
	pageTimeout  = 45 * time.Second // how long the result page waits for the exchange before it says "a moment"
	writeTimeout = pageTimeout + 15*time.Second
	maxHead      = 32 << 10 // bytes of request line and headers; codes can be long
	lingerTime   = 30 * time.Second
)

// doorway is one port of the loopback interface, with the flows that wait
// behind it. A fixed port is shared by all the connections that need it; each
// answer finds its flow by its state.
type doorway struct {
	servers []*http.Server
	binds   int

	mu    sync.Mutex
	doors []*door
}

// doorways are the ports that this process listens on, by number: with a fixed
// port, a sign-in must not be turned away because our own last one lingers.
var doorways = struct {
	sync.Mutex
	open map[int]*doorway
}{open: map[int]*doorway{}}

// openDoor lets d wait at l and returns the port. Closed by closeDoor.
func openDoor(l landing, d *door) (int, error) {
	doorways.Lock()
	defer doorways.Unlock()
	port := l.port
	way := doorways.open[port]
	if way == nil || way.binds < len(l.binds) {
		var err error
		if way, port, err = widen(l, way); err != nil {
			return 0, err
		}
		doorways.open[port] = way
	}
	way.mu.Lock()
	defer way.mu.Unlock()
	d.origin = originOf(l.host, port)
	d.port = port
	way.doors = append(way.doors, d)
	return port, nil
}

// widen opens the addresses of l that way, if any, does not cover yet.
func widen(l landing, way *doorway) (*doorway, int, error) {
	if way != nil {
		l.binds = l.binds[way.binds:]
	}
	listeners, port, err := l.listen()
	if way != nil && err != nil && !isTaken(err) {
		listeners, port, err = nil, l.port, nil // no IPv6 here
	}
	if err != nil {
		return nil, 0, err
	}
	if way == nil {
		way = &doorway{}
	}
	way.binds += len(l.binds)
	for _, listener := range listeners {
		way.serve(listener)
	}
	return way, port, nil
}

func (way *doorway) serve(l net.Listener) {
	server := newPageServer(way)
	way.servers = append(way.servers, server)
	go server.Serve(l)
}

func newPageServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       headTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       headTimeout,
		MaxHeaderBytes:    maxHead,
		ErrorLog:          log.New(io.Discard, "", 0), // it would quote the request
	}
}

// closeDoor takes d away, and with the last door the listeners.
func closeDoor(d *door) {
	doorways.Lock()
	defer doorways.Unlock()
	way := doorways.open[d.port]
	if way == nil || way.remove(d) > 0 {
		return
	}
	delete(doorways.open, d.port)
	for _, server := range way.servers {
		server.Close()
	}
}

func (way *doorway) remove(d *door) (left int) {
	way.mu.Lock()
	defer way.mu.Unlock()
	for i, other := range way.doors {
		if other == d {
			way.doors = append(way.doors[:i:i], way.doors[i+1:]...)
			break
		}
	}
	return len(way.doors)
}

// linger closes d some time after its flow is over, so that a page that is
// loaded again still finds an answer.
func linger(f *Flow, d *door) {
	<-f.done
	timer, stop := f.clock.after(lingerTime)
	defer stop()
	<-timer
	closeDoor(d)
}
