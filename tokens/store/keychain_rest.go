//go:build !linux && !darwin

package store

// classify knows no error but "not found": Windows unlocks its credentials with
// the user's session, and without one there are none.
func classify(err error) error { return unavailable(err) }
