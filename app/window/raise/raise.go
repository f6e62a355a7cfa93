package raise

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
