package store_test

import (
	"context"
	"testing"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return store.Memory() })
}

func TestSplitKeepsTheContractOnEverySystem(t *testing.T) {
	service := "authtray-a-rather-long-profile-name-of-sixty-four-characters-or-so"
	for name, items := range map[string]func() *storetest.Items{
		"Linux":   storetest.NewItems,
		"Windows": func() *storetest.Items { return storetest.NewItems().LikeWindows() },
		"macOS":   func() *storetest.Items { return storetest.NewItems().LikeMacOS(service) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(*testing.T) store.Store { return store.Split(items()) })
		})
	}
}

func TestFileKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openFile(t, t.TempDir(), "correct horse") })
}

func TestFaultyKeepsTheContractWithoutFaults(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return storetest.Faulty(store.Memory(), storetest.NewFaults())
	})
}

func newFile(folder, passphrase string) store.Store {
	ask := func(context.Context, bool) (string, error) { return passphrase, nil }
	return store.CheapFile(folder, ask)
}

func openFile(t *testing.T, folder, passphrase string) store.Store {
	t.Helper()
	s := newFile(folder, passphrase)
	if err := s.Unlock(storetest.Context(t)); err != nil {
		t.Fatal(err)
	}
	return s
}
