package store

import (
	"context"
	"errors"
	"fmt"
)

// unavailable wraps err in ErrUnavailable, keeping it for errors.Is.
func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// outcome is err as one of the four that the contract names. What nobody can
// classify is "cannot be reached", never "absent".
func outcome(err error) error {
	for _, known := range []error{nil, ErrAbsent, ErrLocked, ErrUnavailable, ErrCorrupt} {
		if errors.Is(err, known) {
			return err
		}
	}
	return unavailable(err)
}

// outOfTime says that ctx ended before the answer came.
func outOfTime(ctx context.Context) error {
	return fmt.Errorf("%w: no answer in time: %w", ErrUnavailable, context.Cause(ctx))
}
