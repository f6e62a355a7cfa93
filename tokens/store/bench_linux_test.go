package store_test

import (
	"fmt"
	"testing"

	"github.com/authtray/authtray/tokens/store/storetest"
)

// BenchmarkKeychain measures Set and Get over a real gnome-keyring.
func BenchmarkKeychain(b *testing.B) {
	storetest.StartBus(b).StartKeyring(password)
	s := newKeychain(b)
	for _, n := range []int{500, 2000, 8000, 50_000} {
		value := []byte(patterned(n))
		b.Run(fmt.Sprintf("Set/%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := s.Set(b.Context(), "work", value); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("Get/%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Get(b.Context(), "work"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
