//go:build !windows

package providers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesThatOthersMayWriteAreRefused(t *testing.T) {
	dir := userFolder(t, map[string]string{"a.toml": "id = \"a\"\nname = \"A\"\ntoken = \"https://a.example/token\"\n"})
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		if err := os.Chmod(filepath.Join(dir, "a.toml"), mode); err != nil {
			t.Fatal(err)
		}
		c, errs := LoadCatalogue(dir)
		if _, ok := c.Entry("a"); ok || len(errs) != 1 || !strings.Contains(errs[0].Error(), "may be written by others; run: chmod go-w") {
			t.Errorf("%o: %v", mode, errs)
		}
	}
}
