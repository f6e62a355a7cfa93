package dialect

import "strings"

// Netrc is one entry of a .netrc file. Its readers agree on words without
// blanks, quotes and backslashes only; others are refused. A port is left out:
// .netrc knows hosts.
func Netrc(host string, l Login) (string, error) {
	if at := strings.LastIndexByte(host, ':'); at >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	for _, word := range []string{host, l.User, l.Token} {
		if word == "" || word[0] == '#' || !fit(" \"'\\", word) {
			return "", ErrUnfit
		}
	}
	return "machine " + host + " login " + l.User + " password " + l.Token + "\n", nil
}
