package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheAPISecretStaysUntilItIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api-secret")
	first, err := APISecret(path)
	if err != nil || len(first) < 26 {
		t.Fatalf("%d characters, %v", len(first), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if again, err := APISecret(path); err != nil || again != first {
		t.Errorf("tools that know the secret are locked out (%v)", err)
	}
	os.Remove(path)
	if next, err := APISecret(path); err != nil || next == first {
		t.Errorf("removing the file brings no new secret (%v)", err)
	}
}

func TestAnAPISecretThatOthersCouldReadIsNotUsed(t *testing.T) {
	for _, c := range []struct {
		mode os.FileMode
		text string
	}{{0o644, strings.Repeat("x", 26)}, {0o640, strings.Repeat("x", 26)}, {0o660, strings.Repeat("x", 26)}, {0o600, "short"}, {0o600, ""}} {
		path := filepath.Join(t.TempDir(), "api-secret")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Chmod(path, c.mode)
		secret, err := APISecret(path)
		if err == nil || secret != "" || !strings.Contains(err.Error(), path) {
			t.Errorf("mode %o, %d characters: %v", c.mode, len(c.text), err)
		}
		if err != nil && strings.Contains(err.Error(), strings.Repeat("x", 26)) {
			t.Error("the error holds the secret")
		}
	}
}
