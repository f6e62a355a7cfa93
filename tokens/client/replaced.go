package client

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// One agent takes over from another (`authtray run --replace`). An agent hands its
// sockets over, and they never stop listening; one of before that existed does not, and
// for a moment nobody listens. The new agent leaves a mark beside the socket, by which
// clients know that to ask again is worth while. Without the mark they do not wait: no
// agent is to be told at once. There is none beside a pipe of Windows, where a caller
// that comes in between fails.

const (
	replaceTime  = time.Minute // how old a mark may be
	replacePause = 50 * time.Millisecond
)

// markOf is the file beside an agent's socket. It holds the new agent's process.
func markOf(address string) string { return address + ".replaced" }

// MarkReplaced says that this process takes over from the agent at an address; the
// returned function takes that back, unless another process has said the same since.
func MarkReplaced(address string) (unmark func()) {
	self := strconv.Itoa(os.Getpid())
	if os.MkdirAll(filepath.Dir(address), 0o700) == nil {
		_ = os.Remove(markOf(address))
		if f, err := os.OpenFile(markOf(address), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil { // nothing is written through a link
			_, _ = f.WriteString(self)
			_ = f.Close()
		}
	}
	return func() {
		if !replaced(address) {
			return
		}
		if by, err := os.ReadFile(markOf(address)); err == nil && strings.TrimSpace(string(by)) == self {
			_ = os.Remove(markOf(address))
		}
	}
}

// replaced reports whether the agent at an address is being replaced, or was a moment
// ago. A mark that somebody else may have left says nothing: it would have every
// client wait.
func replaced(address string) bool {
	info, err := os.Lstat(markOf(address))
	return err == nil && info.Mode().IsRegular() && isOf(info, os.Getuid()) && time.Since(info.ModTime()).Abs() < replaceTime
}

// pauseForReplacement is false where ctx ends first.
func pauseForReplacement(ctx context.Context) bool {
	select {
	case <-time.After(replacePause):
		return true
	case <-ctx.Done():
		return false
	}
}

// CutOff reports whether an agent that ended is why a request came to nothing, and
// whether another one, at the address, is there or will be in a moment.
func CutOff(err error, address string) bool {
	var p *Problem
	ended := errors.Is(err, ErrNoAnswer) || errors.As(err, &p) && p.Status == http.StatusServiceUnavailable && p.Hint == "authtray run"
	return ended && replaced(address)
}

// repeatable reports whether a request may be sent twice: those for a token.
func repeatable(r *http.Request) bool {
	return r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/rejected") || strings.HasPrefix(r.URL.Path, "/v1/helpers/")
}
