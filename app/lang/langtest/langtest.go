// Package langtest finds what is still English where another language is spoken.
package langtest

import (
	"regexp"
	"strings"
)

// english are words that no German sentence has.
var english = regexp.MustCompile(`(?i)\b(the|is|are|and|to|of|with|not|your|you|cannot|it|its|be|has|were|for|from|this|that|there|no|by|or|again|open|close|settings|says|signed|expires|ago|days)\b`)

// quoted is what no translation may change: commands, addresses, and settings.
var quoted = regexp.MustCompile("`[^`]*`|authtray [a-z].*|https?://\\S+|HTTPS_PROXY|ask = true|--[a-z-]+|Not before")

// scopeName is of no language.
var scopeName = regexp.MustCompile(`^[a-z]+([._:/-][a-z]+)+$`)

// IsEnglish reports whether a text is English, and does not say so in German.
func IsEnglish(text string) bool {
	return !strings.Contains(text, "Auf Englisch: ") && !scopeName.MatchString(text) && english.MatchString(quoted.ReplaceAllString(text, ""))
}
