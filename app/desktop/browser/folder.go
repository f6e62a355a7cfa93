package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// OpenFolder shows a folder in the user's file manager. The error is a sentence for
// people.
func OpenFolder(ctx context.Context, log *slog.Logger, dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil || !filepath.IsAbs(dir):
		return fmt.Errorf("the folder %s cannot be opened: it is not there", dir)
	case !info.IsDir():
		return fmt.Errorf("the folder %s cannot be opened: it is a file", dir)
	}
	if err := openFolder(ctx, log, dir); err != nil {
		if cause := errors.Unwrap(err); cause != nil { // the rest is about a browser
			err = cause
		}
		return fmt.Errorf("no file manager could be opened (%w): the folder is %s", err, dir)
	}
	return nil
}
