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

	"filippo.io/age"

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
// write then replaces nothing but its own value, by one atomic rename, and a
// damaged file costs one connection. The names tell nothing that the connection
// files do not. One process at a time uses the folder (OwnFile).
//
// Files are 0600 and the folder 0700. A value is on disk when Set returns
// (file and folder are synced).
func File(folder string, ask Passphrase) Store { return serialize(newFile(folder, ask)) }

func newFile(folder string, ask Passphrase) *file {
	return &file{folder: folder, askUser: ask, workFactor: 18, opens: make(chan struct{}, 1)}
}

type file struct {
	folder     string
	askUser    Passphrase
	workFactor int                      // 2^n of scrypt, the cost of guessing the passphrase; 18 takes about a second
	step       func(func() error) error // for tests; see atomicfile.Options
	opens      chan struct{}            // sent to once the identity is open

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

func (f *file) Kind() Kind             { return KindFile }
func (f *file) Changed() chan struct{} { return f.opens }
func (f *file) Close() error           { return nil }

// Check says also whether the folder can be written to.
func (f *file) Check(context.Context) error {
	if _, err := f.changing(); err != nil {
		return err
	}
	return atomicfile.Probe(f.folder)
}

func (f *file) Get(_ context.Context, key string) ([]byte, error) {
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

func (f *file) Set(_ context.Context, key string, value []byte) error {
	id, err := f.changing()
	if err != nil {
		return err
	}
	text, err := json.Marshal(item{V: 1, Key: key, Value: value})
	if err != nil {
		return err
	}
	return f.seal(f.path(key), text, id.Recipient())
}

func (f *file) Delete(_ context.Context, key string) error {
	if _, err := f.changing(); err != nil {
		return err
	}
	return atomicfile.Remove(f.path(key))
}

// changing is the identity, for a change of the folder. Without the identity's file
// nobody could open a value again.
func (f *file) changing() (*age.X25519Identity, error) {
	id, err := f.opened()
	if err == nil {
		_, err = os.Stat(f.identityPath())
	}
	return id, err
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

// seal makes text, sealed, the content of a file.
func (f *file) seal(path string, text []byte, to age.Recipient) error {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err == nil {
		_, err = w.Write(text)
		err = errors.Join(err, w.Close()) // writes the end
	}
	if err != nil {
		return err
	}
	return atomicfile.Write(path, sealed.Bytes(), atomicfile.Options{Do: f.step})
}

func decrypt(sealed []byte, with age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), with)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
