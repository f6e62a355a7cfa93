package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/authtray/authtray/tokens/store"
)

// probeSize is more than any system's keychain takes in one item, so that the
// probe is split as a large grant is.
const probeSize = 4 << 10

func keychainCheck(ctx context.Context, p Input) Check {
	const id = "keychain"
	if kind := p.Store.Kind(); kind == store.KindMemory {
		return failed(id, memoryHint(), "Grants are kept in memory only: when the agent ends, every connection has to be connected again.")
	}
	err := p.Store.Check(ctx)
	kept := err == nil && keepsDeleted(ctx)
	if err == nil && !kept {
		err = probe(ctx, p.Store)
	}
	switch {
	case errors.Is(err, store.ErrWithheld):
		return failed(id, unlockHint(), "KeePassXC asks whether Authtray may read its entries: allow it.")
	case errors.Is(err, store.ErrDenied):
		return failed(id, unlockHint(), "KeePassXC does not let Authtray read its entries: have it ask again, and allow it.")
	case errors.Is(err, store.ErrNoKeyring):
		return failed(id, unlockHint(), "This desktop has no default keyring yet, so nothing can be kept: unlocking makes one.")
	case errors.Is(err, store.ErrLocked):
		return failed(id, unlockHint(), "The keychain is locked: unlock it.")
	case errors.Is(err, store.ErrUnavailable):
		why := strings.TrimPrefix(err.Error(), store.ErrUnavailable.Error()+": ")
		return failed(id, keychainHint(), "The keychain cannot be reached: %s.", strings.TrimSuffix(why, "."))
	case err != nil:
		return failed(id, keychainHint(), "The keychain does not keep what it is given: %v.", err)
	}
	if kept {
		return fine(id, "The keychain is open; nothing was written to it, since KeePassXC keeps what is deleted.")
	}
	return fine(id, "The %s is open; %d KB were written, read and deleted.", kindWord(p.Store.Kind()), probeSize>>10)
}

func kindWord(kind store.Kind) string {
	if kind == store.KindFile {
		return "sealed file"
	}
	return string(kind)
}

// probe writes, reads and deletes an item of its own. No connection can have
// its name.
func probe(ctx context.Context, s store.Store) (err error) {
	key := fmt.Sprintf("doctor#probe%d", os.Getpid())
	value := make([]byte, probeSize)
	rand.Read(value) // never fails
	defer func() {
		if gone := s.Delete(context.WithoutCancel(ctx), key); err == nil {
			err = gone
		}
	}()
	if err := s.Set(ctx, key, value); err != nil {
		return err
	}
	got, err := s.Get(ctx, key)
	if err == nil && !bytes.Equal(got, value) {
		err = errors.New("it gave back something else than was written")
	}
	return err
}
