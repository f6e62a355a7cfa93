package config

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// APISecret is the file whose content tools bring where api/ is served over TCP.
func (p Paths) APISecret() string { return filepath.Join(p.State, "api-secret") }

// APISecret reads the secret that tools were told before, or makes one of 130
// bits. It stays until the file is removed, because it stands in tools'
// configuration. A file that other users may read or write is an error: what it
// holds is no secret any more.
func APISecret(path string) (string, error) {
	data, err := Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newAPISecret(path)
	case err != nil:
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if isOpen(info) || len(secret) < len(rand.Text()) {
		return "", fmt.Errorf("%s is no secret any more, since other users may read it or it is too short; remove it, and start Authtray again for a new one", path)
	}
	return secret, nil
}

func newAPISecret(path string) (string, error) {
	secret := rand.Text()
	return secret, Write(path, []byte(secret+"\n"))
}
