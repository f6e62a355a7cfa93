package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// replacement is where one agent takes over from another.
type replacement struct {
	t       *testing.T
	address string
}

func newReplacement(t *testing.T) replacement {
	dir, err := os.MkdirTemp("", "at")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return replacement{t, filepath.Join(dir, "run", "agent.sock")}
}

// listen has an agent answer every request, until it is stopped.
func (r replacement) listen(h http.HandlerFunc) (stop func()) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.address), 0o700); err != nil {
		r.t.Fatal(err)
	}
	l, err := net.Listen("unix", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	r.t.Cleanup(func() { s.Close() })
	return func() { s.Close() }
}

func (r replacement) do(method, path string) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	return At(r.address).Do(ctx, method, path, nil, nil)
}

func hangUp(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func ending(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
	w.Write([]byte(`{"code": "temporarily_unavailable", "hint": "authtray run"}`))
}

func TestAgentThatIsReplacedIsWaitedFor(t *testing.T) {
	for name, old := range map[string]http.HandlerFunc{"nobody listens": nil, "the old one hangs up": hangUp, "the old one says that it ends": ending} {
		t.Run(name, func(t *testing.T) {
			r := newReplacement(t)
			t.Cleanup(MarkReplaced(r.address))
			asked := make(chan struct{}, 1)
			stop := func() {}
			if old != nil {
				stop = r.listen(func(w http.ResponseWriter, req *http.Request) {
					select {
					case asked <- struct{}{}:
					default:
					}
					old(w, req)
				})
			} else {
				asked <- struct{}{}
			}
			over := make(chan error, 1)
			go func() { over <- r.do("GET", "/v1/connections/work/token") }()
			<-asked
			stop()
			r.listen(func(http.ResponseWriter, *http.Request) {})
			if err := <-over; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatMayNotBeDoneTwiceIsNotSentToTheNextAgent(t *testing.T) {
	r := newReplacement(t)
	t.Cleanup(MarkReplaced(r.address))
	var times atomic.Int32
	r.listen(func(w http.ResponseWriter, req *http.Request) { times.Add(1); hangUp(w, req) })
	if err := r.do("POST", "/v1/connections/work/connect"); !errors.Is(err, ErrNoAnswer) || times.Load() != 1 {
		t.Errorf("%v after %d times", err, times.Load())
	}
}

func TestNoAgentIsToldAtOnceWhereNoneTakesOver(t *testing.T) {
	for name, prepare := range map[string]func(r replacement){
		"no mark":   func(replacement) {},
		"took back": func(r replacement) { MarkReplaced(r.address)() },
		"long ago": func(r replacement) {
			MarkReplaced(r.address)
			old := time.Now().Add(-2 * replaceTime)
			if err := os.Chtimes(markOf(r.address), old, old); err != nil {
				r.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplacement(t)
			prepare(r)
			if err := r.do("GET", "/v1/health"); !errors.Is(err, ErrNoAgent) {
				t.Error(err)
			}
		})
	}
}

func TestAMarkThatSomebodyElseMayHaveLeftHasNobodyWait(t *testing.T) {
	for name, change := range map[string]func(mark string) error{
		"others may write it": func(mark string) error { return os.Chmod(mark, 0o666) },
		"its group may":       func(mark string) error { return os.Chmod(mark, 0o620) },
		"a link": func(mark string) error {
			return errors.Join(os.Rename(mark, mark+".real"), os.Symlink(mark+".real", mark))
		},
		"a pipe": func(mark string) error {
			return errors.Join(os.Remove(mark), syscall.Mkfifo(mark, 0o600))
		},
		"another user's": func(mark string) error {
			if os.Getuid() != 0 { // who cannot give it away: see TestIsOf
				return os.Remove(mark)
			}
			return os.Chown(mark, 12345, 12345)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplacement(t)
			unmark := MarkReplaced(r.address)
			if err := change(markOf(r.address)); err != nil {
				t.Fatal(err)
			}
			if err := r.do("GET", "/v1/health"); !errors.Is(err, ErrNoAgent) {
				t.Error(err)
			}
			unmark() // reads no pipe, and waits for nobody
		})
	}
}

func TestIsOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mark")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !isOf(info, os.Getuid()) {
		t.Error("a file of ours is not")
	}
	if os.Getuid() != 0 && isOf(info, os.Getuid()+1) { // root's are everybody's
		t.Error("a file of another user is ours")
	}
}

func TestMarkOfALaterReplacementStays(t *testing.T) {
	r := newReplacement(t)
	unmark := MarkReplaced(r.address)
	if err := os.WriteFile(markOf(r.address), []byte(strconv.Itoa(os.Getpid()+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	unmark()
	if !replaced(r.address) {
		t.Error("it was taken back by the one before")
	}
}

// FuzzMark leaves any bytes as the mark: it is taken back by the process that it
// names, and by no other.
func FuzzMark(f *testing.F) {
	self := strconv.Itoa(os.Getpid())
	for _, seed := range []string{"self", " self\n", "self self", "", "\x00", "1", "-self", "0self"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		address := filepath.Join(dir, "s")
		text = strings.ReplaceAll(text, "self", self)
		unmark := MarkReplaced(address)
		if err := os.WriteFile(markOf(address), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		unmark()
		if _, err := os.Lstat(markOf(address)); (err != nil) != (strings.TrimSpace(text) == self) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
