package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Items is a raw keychain: short printable texts by name. Each call is one
// atomic step, may block past its context, and fails with one of the errors
// above (anything else counts as ErrUnavailable). Safe for concurrent use.
type Items interface {
	// Get is ErrAbsent only when the keychain clearly said so.
	Get(ctx context.Context, name string) (string, error)
	// Set may return nil without having kept the text: a prompt was dismissed.
	Set(ctx context.Context, name, text string) error
	// Delete of an absent name is ErrAbsent.
	Delete(ctx context.Context, name string) error
	Lock
}

// Split keeps values of any length in items, cut into parts of MaxItem bytes.
// The head item, named by the key, is the one commit point: until it changes
// the old value stands, whole. Only one process at a time may write to a key.
// Where items say themselves how much one of them holds (MaxItem() int), that counts.
func Split(items Items) Store {
	s := &split{Items: items, most: MaxItem}
	if own, ok := items.(interface{ MaxItem() int }); ok {
		s.most = own.MaxItem()
	}
	return serialize(s)
}

type split struct {
	Items
	most  int      // bytes of one item
	whole sync.Map // keys whose head is the value, with no parts anywhere
}

func (s *split) Kind() Kind { return KindKeychain }

func (s *split) Get(ctx context.Context, key string) ([]byte, error) {
	head, err := s.item(ctx, key)
	if err != nil {
		return nil, err
	}
	value, m, err := readHead(head)
	if m == nil {
		return value, err
	}
	var parts []string
	for i := range m.N {
		text, err := s.item(ctx, m.Slot.part(key, i))
		if errors.Is(err, ErrAbsent) {
			return nil, fmt.Errorf("%w: part %d of %d is missing", ErrCorrupt, i+1, m.N)
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, text)
	}
	return m.join(parts)
}

// Set puts the parts into the free slot, then the head, then tidies up.
func (s *split) Set(ctx context.Context, key string, value []byte) error {
	text, fits := asHead(value, s.most)
	if _, whole := s.whole.Load(key); whole && fits {
		return s.put(ctx, key, text)
	}
	s.whole.Delete(key)
	old, err := s.current(ctx, key)
	if err != nil {
		return err
	}
	free := old.Slot.other()
	head, parts := seal(value, free, s.most)
	for i, part := range parts {
		if err := s.put(ctx, free.part(key, i), part); err != nil {
			return err
		}
	}
	if err := s.put(ctx, key, head); err != nil {
		return err
	}
	_ = s.tidy(ctx, key, old, len(parts)) // left-overs do no harm, and are looked for again
	return nil
}

// current is the manifest in force; one with no parts where the head is the
// value, absent, or damaged beyond reading.
func (s *split) current(ctx context.Context, key string) (manifest, error) {
	none := manifest{Slot: slotB}
	head, err := s.item(ctx, key)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return none, err
	}
	if _, m, _ := readHead(head); m != nil {
		return *m, nil
	}
	return none, nil
}

// put writes one item and reads it back: a keychain may say yes and do nothing.
func (s *split) put(ctx context.Context, name, text string) error {
	if err := ctx.Err(); err != nil {
		return outOfTime(ctx)
	}
	if err := s.Items.Set(ctx, name, text); err != nil {
		return outcome(err)
	}
	kept, err := s.item(ctx, name)
	if errors.Is(err, ErrAbsent) || (err == nil && kept != text) {
		return fmt.Errorf("%w: it did not keep what was written", ErrUnavailable)
	}
	return err
}

func (s *split) item(ctx context.Context, name string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", outOfTime(ctx)
	}
	text, err := s.Items.Get(ctx, name)
	return text, outcome(err)
}

// Parts are written from the first to the last and deleted from the last to
// the first, so whatever a crash leaves of a slot starts at part 0 and has no
// gap: it is found again by asking for part 0, 1, 2 … until one is absent. That
// is done by each change of the key, until it has succeeded once in this
// process; never by Get, which leaves another process's write alone.

// Delete deletes the head, which is what makes the value absent, then all parts.
func (s *split) Delete(ctx context.Context, key string) error {
	s.whole.Delete(key)
	old, err := s.current(ctx, key)
	if err != nil {
		return err
	}
	if err := s.erase(ctx, key); err != nil {
		return err
	}
	return s.tidy(ctx, key, old, 0)
}

// tidy deletes the parts of old, which was replaced, and all in the other slot but the
// first n, which the head names.
func (s *split) tidy(ctx context.Context, key string, old manifest, n int) error {
	if err := s.sweep(ctx, key, old.Slot, 0, old.N); err != nil {
		return err
	}
	if err := s.sweep(ctx, key, old.Slot.other(), n, 0); err != nil {
		return err
	}
	if n == 0 {
		s.whole.Store(key, true)
	}
	return nil
}

// believed is how many parts a damaged head can make us delete in vain.
const believed = 64

// sweep deletes the parts from first on: known ones, and those found beyond.
func (s *split) sweep(ctx context.Context, key string, in slot, first, known int) error {
	end := max(first, min(known, believed))
	for {
		_, err := s.item(ctx, in.part(key, end))
		if errors.Is(err, ErrAbsent) {
			break
		}
		if err != nil {
			return err
		}
		end++
	}
	for i := end - 1; i >= first; i-- {
		if err := s.erase(ctx, in.part(key, i)); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes an item and sees that it is gone: a dismissed prompt deletes
// nothing, and a user's copy may carry the same name.
func (s *split) erase(ctx context.Context, name string) error {
	for range 4 {
		if err := ctx.Err(); err != nil {
			return outOfTime(ctx)
		}
		err := s.Items.Delete(ctx, name)
		if err != nil && !errors.Is(err, ErrAbsent) {
			return outcome(err)
		}
		if _, err = s.item(ctx, name); errors.Is(err, ErrAbsent) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: it did not delete what it was told to", ErrUnavailable)
}
