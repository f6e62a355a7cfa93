package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/authtray/authtray/tokens/store"
)

// Items is a raw keychain in memory. Safe for concurrent use.
type Items struct {
	mu     sync.Mutex
	texts  map[string]string
	locked bool
	hints  chan struct{}
	fits   func(name, text string) error
}

// NewItems is an empty, unlocked keychain that takes items of any size.
func NewItems() *Items {
	return &Items{texts: map[string]string{}, hints: make(chan struct{}, 1), fits: func(string, string) error { return nil }}
}

// LikeWindows refuses what Credential Manager would: values over 2560 bytes.
func (i *Items) LikeWindows() *Items {
	i.fits = func(_, text string) error {
		if len(text) > 2560 {
			return errors.New("data passed to Set was too big")
		}
		return nil
	}
	return i
}

// LikeMacOS refuses what go-keyring does there: a command for `security -i` of
// more than 4096 bytes, the value in base64.
func (i *Items) LikeMacOS(service string) *Items {
	i.fits = func(name, text string) error {
		command := fmt.Sprintf("add-generic-password -U -s '%s' -a '%s' -w go-keyring-base64:%*s\n",
			service, name, (len(text)+2)/3*4, "")
		if len(command) > 4096 {
			return errors.New("data passed to Set was too big")
		}
		return nil
	}
	return i
}

// Lock makes every call ErrLocked, until Unlock.
func (i *Items) Lock() { i.setLocked(true) }

// Names lists the items, sorted.
func (i *Items) Names() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Sorted(maps.Keys(i.texts))
}

// Text is an item as it is kept; "" where there is none.
func (i *Items) Text(name string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.texts[name]
}

// Put changes an item behind the store's back; "" removes it.
func (i *Items) Put(name, text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.texts[name] = text; text == "" {
		delete(i.texts, name)
	}
}

func (i *Items) Get(_ context.Context, name string) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.locked {
		return "", store.ErrLocked
	}
	text, ok := i.texts[name]
	if !ok {
		return "", store.ErrAbsent
	}
	return text, nil
}

func (i *Items) Set(_ context.Context, name, text string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.locked {
		return store.ErrLocked
	}
	if err := i.fits(name, text); err != nil {
		return err
	}
	i.texts[name] = text
	return nil
}

func (i *Items) Delete(_ context.Context, name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.locked {
		return store.ErrLocked
	}
	if _, ok := i.texts[name]; !ok {
		return store.ErrAbsent
	}
	delete(i.texts, name)
	return nil
}

func (i *Items) Check(context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.locked {
		return store.ErrLocked
	}
	return nil
}

func (i *Items) Unlock(context.Context) error { i.setLocked(false); return nil }
func (i *Items) Changed() chan struct{}       { return i.hints }
func (i *Items) Close() error                 { return nil }

func (i *Items) setLocked(locked bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.locked = locked
	select {
	case i.hints <- struct{}{}:
	default:
	}
}
