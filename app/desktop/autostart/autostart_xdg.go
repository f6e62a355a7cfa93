//go:build !windows && !darwin

package autostart

import (
	"fmt"
	"os"
	"path/filepath"
)

// file is where the entry is kept, and its text.
func (e Entry) file() (path, text string, err error) {
	dir, err := os.UserConfigDir() // $XDG_CONFIG_HOME, else ~/.config
	if err != nil {
		return "", "", fmt.Errorf("start at login has no place to be kept: %w", err)
	}
	return filepath.Join(dir, "autostart", e.id()+".desktop"), e.desktopFile(), nil
}

func parse(text []byte) (entry, error) { return readDesktopFile(string(text)), nil }
