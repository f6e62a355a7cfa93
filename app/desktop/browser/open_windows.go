package browser

import (
	"context"
	"fmt"
	"log/slog"

	"golang.org/x/sys/windows"
)

// open goes through ShellExecute, which takes the URL as it is: there is no
// command line to quote, and no environment to hand down but the system's. The
// browser's own command line is shown to this user and to administrators only.
func open(_ context.Context, _ *slog.Logger, url string) error {
	verb, err := windows.UTF16PtrFromString("open")
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(url)
	if err != nil {
		return refused("it is not a well-formed URL")
	}
	if err := windows.ShellExecute(0, verb, target, nil, nil, windows.SW_SHOWNORMAL); err != nil {
		return fmt.Errorf("the browser could not be opened (%w): copy the link and open it in a browser", err)
	}
	return nil
}

// available: the system itself opens URLs.
func available(func(string) string) error { return nil }

func openFolder(ctx context.Context, log *slog.Logger, dir string) error { return open(ctx, log, dir) }
