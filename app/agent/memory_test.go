package agent

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
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

func TestMemoryIsReleasedOnceAfterEachStretchOfChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changes, freed := make(stretches), []time.Duration{}
		began := time.Now()
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			releaseMemory(ctx, changes, func() { freed = append(freed, time.Since(began)) })
		}()
		time.Sleep(5 * time.Second)
		changes <- "work"
		time.Sleep(time.Hour)
		changes <- "work"
		time.Sleep(9 * time.Second)
		changes <- "work"
		time.Sleep(time.Hour)
		end()
		<-ended
		want := []time.Duration{15 * time.Second, time.Hour + 24*time.Second}
		if len(freed) != 2 || freed[0] != want[0] || freed[1] != want[1] {
			t.Errorf("memory is released after %v, want %v", freed, want)
		}
	})
}
