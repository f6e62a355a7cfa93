package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// IdentityFile is in the folder of a File that has been made.
const IdentityFile = "identity.age"

// Unlock asks for the passphrase and opens the identity, making one where there
// is none. A wrong passphrase is ErrLocked.
func (f *file) Unlock(ctx context.Context) error {
	if _, err := f.opened(); err == nil {
		return nil
	}
	sealed, err := f.sealedIdentity()
	if err != nil {
		return err
	}
	passphrase, err := f.askUser(ctx, sealed == nil)
	var id *age.X25519Identity
	switch {
	case err != nil:
		return fmt.Errorf("%w: no passphrase: %w", ErrLocked, err)
	case passphrase == "":
		return locked("an empty passphrase protects nothing; enter one")
	case sealed == nil:
		id, err = f.create(passphrase)
	default:
		id, err = openWith(passphrase, sealed)
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	f.identity = id
	f.mu.Unlock()
	hint(f.opens)
	return nil
}

func (f *file) identityPath() string { return filepath.Join(f.folder, IdentityFile) }

// sealedIdentity reads the identity's file; nil where the store is new. It makes the
// folder.
func (f *file) sealedIdentity() ([]byte, error) {
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(f.identityPath())
	if !errors.Is(err, os.ErrNotExist) {
		return sealed, err
	}
	if f.hasItems() {
		return nil, fmt.Errorf("%w: %s is missing, and without it the values in %s cannot be opened; "+
			"put it back from a backup, or remove the folder and connect again", ErrCorrupt, IdentityFile, f.folder)
	}
	return nil, nil
}

// create makes the identity.
func (f *file) create(passphrase string) (*age.X25519Identity, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(f.workFactor)
	return id, f.seal(f.identityPath(), []byte(id.String()), to)
}

func openWith(passphrase string, sealed []byte) (*age.X25519Identity, error) {
	with, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	text, err := decrypt(sealed, with)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, locked("the passphrase is wrong")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s cannot be read; put it back from a backup", ErrCorrupt, IdentityFile)
	}
	id, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no identity", ErrCorrupt, IdentityFile)
	}
	return id, nil
}

func (f *file) hasItems() bool {
	entries, err := os.ReadDir(f.folder)
	isItem := func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "item-") }
	return err != nil || slices.ContainsFunc(entries, isItem)
}
