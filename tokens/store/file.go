package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"github.com/authtray/authtray/tokens/store/atomicfile"
)

// Passphrase asks the user. first is true when the passphrase is chosen, for a
// store that does not exist yet: ask for it twice.
type Passphrase func(ctx context.Context, first bool) (string, error)

// File keeps values in a folder of files sealed with age, for machines without
// a keychain:
//
//	identity.age    an X25519 identity, sealed with the passphrase (scrypt)
//	item-KEY.age    one value each, sealed to that identity
//
// Unlock opens the identity, once, so that a write costs no scrypt; until then
// everything is ErrLocked. There is one file for each key, not one for all: a
// write then replaces nothing but its own value, by one atomic rename; a
// process that sets a client secret cannot undo what the agent writes
// meanwhile; and a damaged file costs one connection. The names tell nothing
// that the connection files do not.
//
// Files are 0600 and the folder 0700. A value is on disk when Set returns
// (file and folder are synced).
func File(folder string, ask Passphrase) Store { return serialize(newFile(folder, ask)) }

func newFile(folder string, ask Passphrase) *file {
	return &file{folder: folder, askUser: ask, workFactor: 18, disk: atomicfile.OS{}, opens: make(chan struct{}, 1)}
}

type file struct {
	folder     string
	askUser    Passphrase
	workFactor int // 2^n of scrypt, the cost of guessing the passphrase; 18 takes about a second
	disk       atomicfile.Disk
	opens      chan struct{} // sent to once the identity is open

	mu       sync.Mutex
	identity *age.X25519Identity
}

// item is what is sealed. The key is in it, so that a file that was renamed is
// not taken for another value.
type item struct {
	V     int    `json:"v"`
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

func (f *file) kind() string             { return "file" }
func (f *file) changed() <-chan struct{} { return f.opens }
func (f *file) close() error             { return nil }

// check says also whether the folder can be written to.
func (f *file) check(ctx context.Context) error {
	return f.change(ctx, func(*age.X25519Identity) error { return atomicfile.Probe(f.folder) })
}

func (f *file) get(_ context.Context, key string) ([]byte, error) {
	id, err := f.opened()
	if err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(f.path(key))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrAbsent
	}
	if err != nil {
		return nil, err
	}
	return unsealItem(id, key, sealed)
}

func (f *file) set(ctx context.Context, key string, value []byte) error {
	return f.change(ctx, func(id *age.X25519Identity) error {
		sealed, err := sealItem(id, key, value)
		if err != nil {
			return err
		}
		return f.replace(f.path(key), sealed)
	})
}

func (f *file) remove(ctx context.Context, key string) error {
	return f.change(ctx, func(*age.X25519Identity) error { return atomicfile.RemoveOn(f.disk, f.path(key)) })
}

// change runs fn with the folder to itself.
func (f *file) change(ctx context.Context, fn func(*age.X25519Identity) error) error {
	id, err := f.opened()
	if err != nil {
		return err
	}
	return f.exclusively(ctx, func() error {
		// Without the identity's file nobody could open the value again.
		if _, err := os.Stat(f.identityPath()); err != nil {
			return err
		}
		return fn(id)
	})
}

func (f *file) opened() (*age.X25519Identity, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.identity == nil {
		return nil, locked("its passphrase has not been entered")
	}
	return f.identity, nil
}

// path escapes what some file system would change or refuse: capitals among
// them, for those that do not tell them from small letters.
func (f *file) path(key string) string {
	var name strings.Builder
	for _, c := range []byte(key) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._-", c) >= 0 {
			name.WriteByte(c)
		} else {
			fmt.Fprintf(&name, "%%%02x", c)
		}
	}
	return filepath.Join(f.folder, "item-"+name.String()+".age")
}

func sealItem(id *age.X25519Identity, key string, value []byte) ([]byte, error) {
	text, err := json.Marshal(item{V: 1, Key: key, Value: value})
	if err != nil {
		return nil, err
	}
	return encrypt(text, id.Recipient())
}

func unsealItem(id *age.X25519Identity, key string, sealed []byte) ([]byte, error) {
	text, err := decrypt(sealed, id)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be opened with this store's identity", ErrCorrupt)
	}
	var it item
	if err := json.Unmarshal(text, &it); err != nil || it.V != 1 || it.Key != key {
		return nil, fmt.Errorf("%w: it is not this value, or of a newer version", ErrCorrupt)
	}
	return it.Value, nil
}

func encrypt(text []byte, to age.Recipient) ([]byte, error) {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close() // writes the end
	return sealed.Bytes(), err
}

func decrypt(sealed []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (f *file) replace(path string, data []byte) error {
	return atomicfile.Write(path, data, atomicfile.Options{Disk: f.disk})
}

// exclusively runs fn while no other process changes the folder, which it makes if
// need be.
func (f *file) exclusively(ctx context.Context, fn func() error) error {
	if err := os.MkdirAll(f.folder, 0o700); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(f.folder, "lock"), flock.SetPermissions(0o600))
	if ok, err := lock.TryLockContext(ctx, 20*time.Millisecond); !ok {
		return fmt.Errorf("%w: another process holds %s: %w", ErrUnavailable, lock.Path(), err)
	}
	defer lock.Close()
	return fn()
}
