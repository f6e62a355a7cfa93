//go:build !windows && !darwin

package clipboard

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A xclip that keeps the clipboard in a file, and its arguments in another.
const fakeXclip = `#!/bin/sh
echo "$@" >> "$CLIP.args"
case "$3" in
-out) cat "$CLIP" ;;
-in) if [ -n "$4" ]; then cat "$4" > "$CLIP"; else cat > "$CLIP"; fi ;;
esac
`

func withXclip(t *testing.T, script string) (clip string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "xclip"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("DISPLAY", ":0")
	t.Setenv("WAYLAND_DISPLAY", "")
	clip = filepath.Join(dir, "clip")
	t.Setenv("CLIP", clip)
	return clip
}

// copyThenClear copies, lets meanwhile happen, and then lets the time pass.
func copyThenClear(t *testing.T, text string, meanwhile func()) {
	t.Helper()
	due, done := make(chan time.Time), make(chan struct{})
	if err := copyTo(t.Context(), slog.New(slog.DiscardHandler), system(), text, due, func() { close(done) }); err != nil {
		t.Fatal(err)
	}
	meanwhile()
	close(due)
	<-done
}

func TestSecretIsCopiedAndClearedAndNeverInArguments(t *testing.T) {
	clip := withXclip(t, fakeXclip)
	copyThenClear(t, "s3cret", func() {
		if got := content(t, clip); got != "s3cret" {
			t.Errorf("on the clipboard: %q", got)
		}
	})
	if got := content(t, clip); got != "" {
		t.Errorf("left on the clipboard: %q", got)
	}
	if args := content(t, clip+".args"); strings.Contains(args, "s3cret") {
		t.Errorf("the secret was an argument: %s", args)
	}
}

func TestWhatWasCopiedMeanwhileIsLeftAlone(t *testing.T) {
	clip := withXclip(t, fakeXclip)
	copyThenClear(t, "s3cret", func() {
		if err := os.WriteFile(clip, []byte("a shopping list"), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if got := content(t, clip); got != "a shopping list" {
		t.Errorf("on the clipboard: %q", got)
	}
}

func TestAFailingToolIsReportedWithoutTheSecret(t *testing.T) {
	withXclip(t, "#!/bin/sh\ncat >&2\nexit 1\n")
	err := CopySecret(context.Background(), slog.New(slog.DiscardHandler), "s3cret")
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestWithoutAToolOrADisplayThereIsNoClipboard(t *testing.T) {
	withXclip(t, fakeXclip)
	if !Available() {
		t.Fatal("the clipboard is not seen")
	}
	t.Setenv("DISPLAY", "")
	if Available() {
		t.Error("a clipboard without a display")
	}
	t.Setenv("DISPLAY", ":0")
	t.Setenv("PATH", t.TempDir())
	if Available() {
		t.Error("a clipboard without a tool")
	}
	if err := CopySecret(t.Context(), slog.New(slog.DiscardHandler), "x"); !errors.Is(err, errNone) {
		t.Errorf("got %v", err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
