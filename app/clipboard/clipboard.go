package clipboard

import "context"

// Available says whether there is a clipboard to copy to.
func Available() bool { return false }

// CopySecret puts text on the clipboard and takes it off again after ClearAfter,
// unless something else has been copied meanwhile. It returns when the text is
// on the clipboard; ctx bounds that, not the clearing. The error never holds text.
func CopySecret(ctx context.Context, text string) error { return nil }
