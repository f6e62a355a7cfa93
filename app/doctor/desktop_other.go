//go:build !linux

package doctor

import (
	"context"

	"github.com/authtray/authtray/app/desktop/notify"
)

// These systems have no bus; notifications and tray are parts of them.
func hasBus(context.Context) bool            { return true }
func busCheck(context.Context, Input) Check  { return Check{} }
func keychainStart() string                  { return "authtray run --store=file" }
func keepsDeleted(context.Context) bool      { return false }
func trayCheck(context.Context, Input) Check { return Check{} }

// noticesCheck speaks where the system lets its user switch them off.
func noticesCheck(context.Context, Input) Check {
	if off := notify.SwitchedOff(); off != "" {
		return failed("notifications", "start ms-settings:notifications", "%s", off)
	}
	return Check{}
}
