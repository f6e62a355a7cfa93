package agent

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
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

// TestMemoryRestsAfterEachStretchOfUse: when it is given back, rests, and is busy again.
func TestMemoryRestsAfterEachStretchOfUse(t *testing.T) {
	type changes = stretches
	for _, c := range []struct {
		name string
		use  func(m *memory, changes changes)
		want []string
	}{
		{"nothing happens", func(*memory, changes) {
			time.Sleep(time.Minute)
		}, []string{"10s free", "10s rest", "1m0s busy"}},
		{"changes", func(_ *memory, changes changes) {
			time.Sleep(5 * time.Second)
			changes <- "work"
			time.Sleep(95 * time.Second)
			changes <- "work"
			time.Sleep(9 * time.Second)
			changes <- "work"
			time.Sleep(time.Minute)
		}, []string{"15s free", "15s rest", "1m40s busy", "1m59s free", "1m59s rest", "2m49s busy"}},
		{"questions", func(m *memory, _ changes) {
			time.Sleep(time.Minute)
			for range 15 {
				m.used()
				time.Sleep(time.Second)
			}
			time.Sleep(30 * time.Second)
		}, []string{"10s free", "10s rest", "1m0s busy", "1m30s free", "1m30s rest", "1m45s busy"}},
		{"what an idle agent leaves is collected all the same", func(*memory, changes) {
			time.Sleep(31 * time.Minute)
		}, []string{"10s free", "10s rest", "30m10s busy", "30m20s free", "30m20s rest", "31m0s busy"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, did := time.Now(), []string{}
				say := func(what string) { did = append(did, fmt.Sprint(time.Since(began), " ", what)) }
				m := &memory{free: func() { say("free") }, collect: func(resting bool) { say(map[bool]string{true: "rest", false: "busy"}[resting]) }}
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

// TestWhatNobodyTellsOfIsCollectedAtRest: or a page that floods the address of a sign-in
// would fill the memory.
func TestWhatNobodyTellsOfIsCollectedAtRest(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer collect(false)
	debug.FreeOSMemory()
	collect(true)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 256 {
		litter = make([]byte, 1<<20)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc - before.HeapAlloc); grown > 2*restRoom {
		t.Errorf("of 256 MB that are needed no more, %d MB are there", grown>>20)
	}
	runtime.GC()
	collected := after.NumGC - before.NumGC
	if collected == 0 || collected > 100 {
		t.Errorf("it was collected %d times", collected)
	}
}

var litter []byte

// TestMemoryDoesNotRestWhereSomebodyAskedAsItBegan: nobody else would end that rest.
func TestMemoryDoesNotRestWhereSomebodyAskedAsItBegan(t *testing.T) {
	rests := false
	m := &memory{free: func() {}}
	m.collect = func(resting bool) {
		if rests = resting; resting {
			m.used()
		}
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		m.rest(t.Context(), make(stretches))
		if took := time.Since(began); took > 0 || rests {
			t.Errorf("it rested for %v, and rests still: %v", took, rests)
		}
	})
}

func TestWhoeverAsksEndsTheMemorysRest(t *testing.T) {
	m := &memory{free: func() {}, collect: func(bool) {}}
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
