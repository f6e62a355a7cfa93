package raise

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// patience is how long a window may take to answer. It answers before it draws
// anything, so a silent one is as good as none.
const patience = 2 * time.Second

// A request is a line: raise, or raise, a space and a connection's name, or close.
const (
	raise      = "raise"
	raised     = "raised\n"
	shut       = "close"
	maxRequest = 128 // bytes; a name has 64 at most
)

// Raise asks the window at address to come to the front, and to show a connection;
// name is "" for none in particular. It reports false with no error where no window
// is open, and never blocks longer than two seconds.
func Raise(ctx context.Context, address, connection string) (bool, error) {
	line := raise
	if connection != "" {
		line += " " + connection
	}
	got, err := ask(ctx, address, line)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err == nil && got != raised {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return false, fmt.Errorf("the open window did not come forward: %w", err)
	}
	return true, nil
}

// CloseWindow asks the window at address to close, and waits until it has. No window is no
// error; one that does not close within two seconds is.
func CloseWindow(ctx context.Context, address string) error {
	if _, err := ask(ctx, address, shut); err != nil && !errors.Is(err, errAbsent) {
		return fmt.Errorf("the open window did not close: %w", err)
	}
	return nil
}

// ask sends a line, and reads what comes until the window hangs up.
func ask(ctx context.Context, address, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := dial(ctx, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", err
	}
	got, err := io.ReadAll(io.LimitReader(conn, 64))
	return string(got), err
}

var errAbsent = errors.New("no window listens there")

// ErrOpen means that another process shows the window of this profile.
var ErrOpen = errors.New("the window is open already")

// Door is where requests to come forward arrive.
type Door struct {
	listener net.Listener
	unlock   func()
	mu       sync.Mutex // held while a request is put into knocks
	knocks   chan string
	unwanted chan struct{} // closed once somebody wants the window to close
	closed   chan struct{} // …and once it has
	unwant   func()
	end      func()
}

// Listen makes this process the one that shows the window, or fails with
// ErrOpen. Requests are answered from now on, also while nothing is drawn yet.
func Listen(address string) (*Door, error) {
	l, unlock, err := listen(address)
	if err != nil {
		return nil, err
	}
	d := &Door{listener: l, unlock: unlock, knocks: make(chan string, 1), unwanted: make(chan struct{}), closed: make(chan struct{})}
	d.unwant = sync.OnceFunc(func() { close(d.unwanted) })
	d.end = sync.OnceFunc(func() { close(d.closed) })
	go d.serve()
	return d, nil
}

// Knocks receives a connection's name, or "", when somebody wants to see the window;
// of several requests the last one may come alone. A name may be anybody's.
func (d *Door) Knocks() <-chan string { return d.knocks }

// Unwanted is closed when somebody wants the window to close; see CloseWindow.
func (d *Door) Unwanted() <-chan struct{} { return d.unwanted }

// Close lets another process show the window, and tells who waits that it has closed.
func (d *Door) Close() error {
	err := d.listener.Close()
	d.unlock()
	d.end()
	return err
}

func (d *Door) serve() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.answer(conn)
	}
}

func (d *Door) answer(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	line, err := bufio.NewReader(io.LimitReader(conn, maxRequest)).ReadString('\n')
	verb, connection, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	switch {
	case err != nil:
	case verb == raise:
		d.knock(connection)
		_, _ = io.WriteString(conn, raised)
	case verb == shut:
		d.unwant()
		<-d.closed
	}
}

// knock leaves a request for the window. One without a name does not take the place
// of one with a name that nobody has heard yet.
func (d *Door) knock(connection string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case waiting := <-d.knocks:
		connection = cmp.Or(connection, waiting)
	default:
	}
	d.knocks <- connection
}
