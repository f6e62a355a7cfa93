package agent

import (
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// TestAgentThatEndedLeavesNothingRunning: a provider does not answer whose the
// tokens are, the page of a sign-in that is over may be asked for again, another
// sign-in is pending, and somebody follows the events.
func TestAgentThatEndedLeavesNothingRunning(t *testing.T) {
	w := newWorld(t)
	held, release := make(chan struct{}, 8), make(chan struct{})
	var silent atomic.Bool
	w.provider = practicetest.Start(t, server.Options{}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if silent.Load() && r.URL.Path == "/userinfo" {
				held <- struct{}{}
				<-release
			}
			h.ServeHTTP(rw, r)
		})
	})
	defer close(release)
	for _, name := range []string{"work", "pending", "whose"} {
		w.add(name)
	}
	w.connect("work", "ada")
	w.call("POST", "/connections/work/refresh", nil).ok()
	w.begin("pending", nil)
	w.follow()
	at := w.begin("whose", nil)
	silent.Store(true)
	w.consent(at, "ada")
	<-held
	w.stop()
	left := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if left = ourGoroutines(); left == "" {
			return
		}
	}
	t.Errorf("still running:\n%s", left)
}

// ourGoroutines are the stacks of goroutines that the product's code began.
func ourGoroutines() string {
	stacks := make([]byte, 1<<22)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var ours []string
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		_, begun, _ := strings.Cut(stack, "created by ")
		if strings.HasPrefix(begun, "github.com/authtray/authtray/") && !strings.Contains(begun, "_test.go:") && !strings.Contains(begun, "/practice/") {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}
