package stack

import (
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// deep takes about 8 kB of stack.
//
//go:noinline
func deep(n int) byte {
	var here [512]byte
	if n > 0 {
		here[n] = deep(n - 1)
	}
	return here[n] + here[len(here)-1-n]
}

func TestGrownStackHasRoomForAMessage(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it makes stacks smaller
	const many = 100
	if more := grownBy(many, func() {}); more < many<<12 {
		t.Errorf("what is too deep for a new goroutine's stack takes %d bytes more in %d goroutines", more, many)
	}
	if more := grownBy(many, Grow); more > many<<10 {
		t.Errorf("%d goroutines with room take %d bytes more", many, more)
	}
}

// grownBy is how much more stacks take once goroutines that are under way, after first,
// have gone deep.
func grownBy(many int, first func()) int64 {
	ready, dive, done, end := make(chan bool), make(chan bool), make(chan bool), make(chan bool)
	for range many {
		go func() {
			first()
			ready <- true
			<-dive
			deep(15)
			done <- true
			<-end
		}()
	}
	for range many {
		<-ready
	}
	before := stacks()
	close(dive)
	for range many {
		<-done
	}
	after := stacks()
	close(end)
	return after - before
}

func stacks() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}
