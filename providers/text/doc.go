// Package text makes text from outside fit to be shown, puts errors and durations
// into words, and says how far a mistyped word is from another. What people read
// goes through it, in the pages that the browser shows, the commands, the tray,
// notifications and the window; only how much of a text fits is a matter of each.
// It imports nothing, so that providers, tokens and app may all use it.
package text
