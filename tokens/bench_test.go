package tokens

import (
	"context"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens/store"
)

// BenchmarkToken shows what a token that is in memory costs: on an idle
// connection, and while a refresh of the same connection takes its time.
func BenchmarkToken(b *testing.B) {
	for _, c := range []struct {
		name string
		slow time.Duration
	}{{"idle", 0}, {"while a refresh is under way", time.Hour}} {
		b.Run(c.name, func(b *testing.B) {
			p := &rigProvider{clock: &rigClock{start: time.Now()}, lifetime: time.Hour, refreshable: true, binding: rigBinding}
			m := New(Options{Store: store.Memory(), Notes: newMemoryNotes()})
			m.Put(Connection{Name: "work", Provider: p})
			if _, err := m.Adopt(b.Context(), "work", providers.Result{Answer: p.issue(), Binding: rigBinding}); err != nil {
				b.Fatal(err)
			}
			if c.slow > 0 {
				p.with(func() { p.slow = c.slow })
				go m.Refresh(b.Context(), "work")
				for p.count() == 0 {
					time.Sleep(time.Millisecond)
				}
			}
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := m.Token(context.Background(), "work", Want{}); err != nil {
						b.Error(err)
					}
				}
			})
			m.cancel()
		})
	}
}
