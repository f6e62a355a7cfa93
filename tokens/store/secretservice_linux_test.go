package store_test

import (
	"testing"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

const password = "throw-away"

func newKeychain(t testing.TB) store.Store {
	t.Helper()
	s := store.Keychain("authtray-test")
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestKeychainKeepsTheContractOverGnomeKeyring(t *testing.T) {
	var n int
	bus := storetest.StartBus(t)
	bus.StartKeyring(password)
	storetest.Run(t, func(t *testing.T) store.Store {
		n++
		return store.Keychain("authtray-test-" + string(rune('a'+n)))
	})
}
