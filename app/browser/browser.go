package browser

import "context"

// Open opens url in the user's browser. It returns when the browser has been
// asked, or after a short wait for the program that asks it to fail; a later
// failure is logged. The error is a sentence for people.
func Open(ctx context.Context, url string) error { return nil }

// Check says why url may not be opened, or nil.
func Check(url string) error { return nil }
