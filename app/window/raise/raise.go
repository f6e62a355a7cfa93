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

// A request is a line: request, or request, a space and a connection's name.
const (
	request    = "raise"
	answer     = "raised\n"
	maxRequest = 128 // bytes; a name has 64 at most
)

// Raise asks the window at address to come to the front, and to show a connection;
// name is "" for none in particular. It reports false with no error where no window
// is open, and never blocks longer than two seconds.
func Raise(ctx context.Context, address, connection string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := dial(ctx, address)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask the open window to come forward: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	line := request
	if connection != "" {
		line += " " + connection
	}
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return false, fmt.Errorf("ask the open window to come forward: %w", err)
	}
	got, err := bufio.NewReader(io.LimitReader(conn, 64)).ReadString('\n')
	if err != nil || got != answer {
		return false, fmt.Errorf("the open window did not answer: %w", errors.Join(err, io.ErrUnexpectedEOF))
	}
	return true, nil
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
}

// Listen makes this process the one that shows the window, or fails with
// ErrOpen. Requests are answered from now on, also while nothing is drawn yet.
func Listen(address string) (*Door, error) {
	l, unlock, err := listen(address)
	if err != nil {
		return nil, err
	}
	d := &Door{listener: l, unlock: unlock, knocks: make(chan string, 1)}
	go d.serve()
	return d, nil
}

// Knocks receives a connection's name, or "", when somebody wants to see the window;
// of several requests the last one may come alone. A name may be anybody's.
func (d *Door) Knocks() <-chan string { return d.knocks }

// Close lets another process show the window.
func (d *Door) Close() error {
	err := d.listener.Close()
	d.unlock()
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
	if err != nil || verb != request {
		return
	}
	d.knock(connection)
	_, _ = io.WriteString(conn, answer)
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
