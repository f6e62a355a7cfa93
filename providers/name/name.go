// Package name has the one rule for the NAME of a connection, which is that of a
// profile and of a provider's id too: each is the name of a file. It imports
// nothing, because the quickest command and every tool with the client have it.
package name

// MaxLength is how long a name may be, in bytes.
const MaxLength = 64

// Rule is the rule in words, to go on from "use" or "must be".
const Rule = "up to 64 of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit"

// Valid reports whether s is a usable name: [a-z0-9][a-z0-9._-]{0,63}, and no
// device's name on Windows.
func Valid(s string) bool { return s != "" && len(s) <= MaxLength && isPlain(s) && !Reserved(s) }

func isPlain(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// Reserved reports whether s is a name that Windows takes for a device, whatever
// follows the first dot. Those are refused everywhere, so that a folder of
// connections can move between machines.
func Reserved(s string) bool {
	base := s
	for i := range len(s) {
		if s[i] == '.' {
			base = s[:i]
			break
		}
	}
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(base) == 4 && (base[:3] == "com" || base[:3] == "lpt") && '1' <= base[3] && base[3] <= '9'
}
