//go:build !linux && (!darwin || cgo)

package tray

import (
	"context"
	"runtime"
	"strings"

	"github.com/authtray/authtray/app/api"
)

// desktop: Windows and macOS always have a tray.
type desktop struct{}

func reach(context.Context) (*desktop, Health, bool)    { return &desktop{}, Health{}, true }
func (d *desktop) await(context.Context) (Health, bool) { return Health{}, true }
func (d *desktop) connected() bool                      { return true }
func (d *desktop) restore(context.Context) bool         { return false }
func (d *desktop) watch(_ context.Context, report func(Health)) {
	report(Health{State: api.TrayRegistered})
}

// prepare: elsewhere nothing can be set before systray runs, and a title would
// be drawn beside the icon on macOS.
func prepare(view) {}

// escapeMnemonics: in a Windows menu "&x" marks an access key and "&&" is an
// ampersand. macOS menus have no access keys.
func escapeMnemonics(s string) string {
	if runtime.GOOS == "windows" {
		return strings.ReplaceAll(s, "&", "&&")
	}
	return s
}
