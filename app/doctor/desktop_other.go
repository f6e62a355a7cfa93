//go:build !linux

package doctor

import "context"

// These systems have no bus; notifications and tray are parts of them.
func hasBus(context.Context) bool               { return true }
func busCheck(context.Context, Input) Check     { return Check{} }
func noticesCheck(context.Context, Input) Check { return Check{} }
func keychainStart() string                     { return "authtray run --store=file" }
func keepsDeleted(context.Context) bool         { return false }
func trayCheck(context.Context, Input) Check    { return Check{} }
