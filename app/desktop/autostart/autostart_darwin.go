package autostart

import (
	"fmt"
	"os"
	"path/filepath"
)

// file is where the entry is kept, and its text. launchd reads it at the next login.
func (e Entry) file() (path, text string, err error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", "", fmt.Errorf("start at login has no place to be kept: %w", err)
	}
	return filepath.Join(home, "Library", "LaunchAgents", e.label()+".plist"), e.plist(), nil
}

func parse(text []byte) (entry, error) { return readPlist(text) }
