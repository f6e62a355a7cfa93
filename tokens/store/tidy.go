package store

import (
	"context"
	"errors"
	"fmt"
)

// Parts are written from the first to the last and deleted from the last to
// the first, so whatever a crash leaves of a slot starts at part 0 and has no
// gap: it is found again by asking for part 0, 1, 2 … until one is absent. That
// is done by each change of the key, until it has succeeded once in this
// process; never by Get, which leaves another process's write alone.

// remove deletes the head, which is what makes the value absent, then all parts.
func (s *split) remove(ctx context.Context, key string) error {
	s.setWhole(key, false)
	old, err := s.current(ctx, key)
	if err != nil {
		return err
	}
	if err := s.erase(ctx, key); err != nil {
		return err
	}
	return s.tidy(ctx, key, "", old)
}

// tidy deletes every part of key that head does not name. old is the manifest
// that head replaced.
func (s *split) tidy(ctx context.Context, key, head string, old manifest) error {
	keep := manifest{Slot: slotB}
	if _, m, _ := open(head); m != nil {
		keep = *m
	}
	known := 0
	if old.Slot != keep.Slot {
		known = old.N
	}
	if err := s.sweep(ctx, key, keep.Slot.other(), 0, known); err != nil {
		return err
	}
	if err := s.sweep(ctx, key, keep.Slot, keep.N, 0); err != nil {
		return err
	}
	s.setWhole(key, keep.N == 0)
	return nil
}

// believed is how many parts a damaged head can make us delete in vain.
const believed = 64

// sweep deletes the parts from first on: known ones, and those found beyond.
func (s *split) sweep(ctx context.Context, key string, in slot, first, known int) error {
	end := max(first, min(known, believed))
	for {
		_, err := s.get(ctx, in.part(key, end))
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
		err := s.items.Delete(ctx, name)
		if err != nil && !errors.Is(err, ErrAbsent) {
			return outcome(err)
		}
		if _, err = s.get(ctx, name); errors.Is(err, ErrAbsent) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: it did not delete what it was told to", ErrUnavailable)
}

func (s *split) isWhole(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whole[key]
}

func (s *split) setWhole(key string, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole[key] = whole
}
