// Package text makes text from outside fit to be shown, and puts errors and
// durations into words. What people read goes through it, in the pages that the
// browser shows, the commands, the tray, notifications and the window; only how
// much of a text fits is a matter of each. It imports nothing, so that providers,
// tokens and app may all use it.
package text
