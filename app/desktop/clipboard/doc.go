// Package clipboard puts a secret on the clipboard for a short while.
//
// On Linux it goes through wl-copy, xclip or xsel, whichever is there: a
// clipboard's content must be served by a process with a window, which the
// agent is not. The secret goes through stdin, never through argv.
package clipboard
