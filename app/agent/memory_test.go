package agent

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/tokens/client"
)

// stretches are changes that a test sends.
type stretches chan string

func (s stretches) Wait(ctx context.Context) ([]string, error) {
	select {
	case name := <-s:
		return []string{name}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (stretches) Stop() {}

// TestMemoryRestsAfterEachStretchOfUse: at what seconds it is given back, and how much
// the heap may grow from then on.
func TestMemoryRestsAfterEachStretchOfUse(t *testing.T) {
	type changes = stretches
	for _, c := range []struct {
		name string
		use  func(m *memory, changes changes)
		want []string
	}{
		{"nothing happens", func(*memory, changes) {
			time.Sleep(time.Minute)
		}, []string{"10s free", "10s -1", "1m0s 50"}},
		{"changes", func(_ *memory, changes changes) {
			time.Sleep(5 * time.Second)
			changes <- "work"
			time.Sleep(95 * time.Second)
			changes <- "work"
			time.Sleep(9 * time.Second)
			changes <- "work"
			time.Sleep(time.Minute)
		}, []string{"15s free", "15s -1", "1m40s 50", "1m59s free", "1m59s -1", "2m49s 50"}},
		{"questions", func(m *memory, _ changes) {
			time.Sleep(time.Minute)
			for range 15 {
				m.used()
				time.Sleep(time.Second)
			}
			time.Sleep(30 * time.Second)
		}, []string{"10s free", "10s -1", "1m0s 50", "1m30s free", "1m30s -1", "1m45s 50"}},
		{"what an idle agent leaves is collected all the same", func(*memory, changes) {
			time.Sleep(31 * time.Minute)
		}, []string{"10s free", "10s -1", "30m10s 50", "30m20s free", "30m20s -1", "31m0s 50"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, did := time.Now(), []string{}
				say := func(what string) { did = append(did, fmt.Sprint(time.Since(began), " ", what)) }
				m := &memory{free: func() { say("free") }, setPercent: func(percent int) int { say(fmt.Sprint(percent)); return 0 }}
				changes := make(changes)
				ctx, end := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { defer close(ended); m.follow(ctx, changes) }()
				synctest.Wait()
				c.use(m, changes)
				end()
				<-ended
				if !slices.Equal(did, c.want) {
					t.Errorf("did %q, want %q", did, c.want)
				}
			})
		})
	}
}

// TestMemoryDoesNotRestWhereSomebodyAskedAsItBegan: nobody else would end that rest.
func TestMemoryDoesNotRestWhereSomebodyAskedAsItBegan(t *testing.T) {
	percent := 0
	m := &memory{free: func() {}}
	m.setPercent = func(p int) int {
		if percent = p; p < 0 {
			m.used()
		}
		return 0
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		m.rest(t.Context(), make(stretches))
		if took := time.Since(began); took > 0 || percent != busyPercent {
			t.Errorf("it rested for %v, and then the heap may grow by %d %%", took, percent)
		}
	})
}

func TestWhoeverAsksEndsTheMemorysRest(t *testing.T) {
	m := &memory{free: func() {}, setPercent: func(int) int { return 0 }}
	w := newWorld(t, func(o *Options) { o.memory = m })
	rests := func() {
		m.mu.Lock()
		m.wake = func() {}
		m.mu.Unlock()
		m.rests.Store(true)
	}
	for _, which := range []string{"a request on a new connection", "a request on a connection that is kept"} {
		t.Run(which, func(t *testing.T) {
			rests()
			w.call("GET", "/v1/settings", nil)
			if m.rests.Load() {
				t.Error("it was answered, and the memory rests")
			}
		})
	}
	t.Run("a connection that asks nothing", func(t *testing.T) {
		rests()
		c, err := client.Dial(t.Context(), w.paths.Socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		eventually(t, "the rest ends", func() bool { return !m.rests.Load() })
	})
}
