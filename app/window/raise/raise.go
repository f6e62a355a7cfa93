package raise

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// patience is how long a window may take to answer. It answers before it draws
// anything, so a silent one is as good as none.
const patience = 2 * time.Second

const (
	request = "raise\n"
	answer  = "raised\n"
)

// Raise asks the window at address to come to the front. It reports false with
// no error where no window is open, and never blocks longer than two seconds.
func Raise(ctx context.Context, address string) (bool, error) {
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
	if _, err := io.WriteString(conn, request); err != nil {
		return false, fmt.Errorf("ask the open window to come forward: %w", err)
	}
	line, err := bufio.NewReader(io.LimitReader(conn, 64)).ReadString('\n')
	if err != nil || line != answer {
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
	knocks   chan struct{}
}

// Listen makes this process the one that shows the window, or fails with
// ErrOpen. Requests are answered from now on, also while nothing is drawn yet.
func Listen(address string) (*Door, error) {
	l, unlock, err := listen(address)
	if err != nil {
		return nil, err
	}
	d := &Door{listener: l, unlock: unlock, knocks: make(chan struct{}, 1)}
	go d.serve()
	return d, nil
}

// Knocks receives a value when somebody wants to see the window; several
// requests may come as one.
func (d *Door) Knocks() <-chan struct{} { return d.knocks }

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
	line, err := bufio.NewReader(io.LimitReader(conn, 64)).ReadString('\n')
	if err != nil || line != request {
		return
	}
	select {
	case d.knocks <- struct{}{}:
	default:
	}
	_, _ = io.WriteString(conn, answer)
}
