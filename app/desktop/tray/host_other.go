//go:build !linux && (!darwin || cgo)

package tray

import "context"

// desktop: Windows and macOS always have a tray.
type desktop struct{}

func reach() (*desktop, error)                                  { return &desktop{}, nil }
func (d *desktop) close()                                       {}
func (d *desktop) await(context.Context) error                  { return nil }
func (d *desktop) watch(_ context.Context, report func(Health)) { report(Health{State: Registered}) }
