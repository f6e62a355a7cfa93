package clipboard

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// clearAfter is how long a secret stays on the clipboard.
const clearAfter = 30 * time.Second

// errNone means that there is no clipboard to copy to.
var errNone = errors.New("there is no clipboard to copy to: install wl-clipboard (Wayland), or xclip or xsel (X11)")

// board is a system's clipboard.
type board interface {
	put(ctx context.Context, text string) error
	// clear empties the clipboard if it still holds what was put last.
	clear(ctx context.Context) error
}

// Available says whether there is a clipboard to copy to.
func Available() bool { return system() != nil }

// CopySecret puts text on the clipboard and takes it off again after clearAfter,
// unless something else has been copied meanwhile. It returns when the text is
// on the clipboard; ctx bounds that, not the clearing, whose failure is written to
// log. The error never holds text.
//
// A secret is on the clipboard for all programs of the session, and those that
// keep a history may keep it for longer.
func CopySecret(ctx context.Context, log *slog.Logger, text string) error {
	return copyTo(ctx, log, system(), text, time.After(clearAfter), func() {})
}

// copyTo is CopySecret with its clipboard, its clock and a sign of its end.
func copyTo(ctx context.Context, log *slog.Logger, b board, text string, due <-chan time.Time, done func()) error {
	if b == nil {
		return errNone
	}
	if err := b.put(ctx, text); err != nil {
		return err
	}
	go func() {
		defer done()
		<-due
		ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
		defer cancel()
		if err := b.clear(ctx); err != nil {
			log.Info("the clipboard could not be cleared", "err", err)
		}
	}()
	return nil
}

// toolTimeout bounds each use of the clipboard.
const toolTimeout = 5 * time.Second
