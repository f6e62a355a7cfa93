package browser

import "strings"

// secretWords mark the names of variables that tend to hold secrets.
var secretWords = []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "API_KEY", "APIKEY", "PRIVATE_KEY"}

// Environ is env without our own variables and without those whose names say
// that they hold a secret. A browser needs much of the rest, from DISPLAY to
// themes, and keeps it for as long as it runs.
func Environ(env []string) []string {
	var kept []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if !secretive(strings.ToUpper(name)) {
			kept = append(kept, kv)
		}
	}
	return kept
}

func secretive(name string) bool {
	if strings.HasPrefix(name, "AUTHTRAY_") {
		return true
	}
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
