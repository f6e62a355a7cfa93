//go:build darwin && !cgo

package tray

import (
	"context"

	"github.com/authtray/authtray/app/api"
)

// run: on macOS systray is Objective-C, which a build without cgo leaves out.
func (t *Tray) run(ctx context.Context) error {
	t.setHealth(Health{api.TrayOff, "This build has no tray: on macOS it needs cgo. The commands work all the same."})
	<-ctx.Done()
	return nil
}
