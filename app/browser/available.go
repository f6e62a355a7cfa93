package browser

import "os"

// Available says why no browser could be opened now, without opening one; nil
// where one probably could.
func Available() error { return available(os.Getenv) }
