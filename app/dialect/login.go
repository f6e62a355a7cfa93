package dialect

import (
	"errors"
	"net/netip"
	"strings"
	"time"
)

// Login is a token as tools take it that know user names and passwords.
type Login struct {
	User    string
	Token   string
	Expires time.Time // zero: never
}

// ErrUnfit means that a user name or token holds a character that the tool's
// format cannot carry.
var ErrUnfit = errors.New("the token or its user name holds a character that this tool cannot be given")

// fit says whether every text is made of printable ASCII alone, without the
// characters in not.
func fit(not string, texts ...string) bool {
	for _, s := range texts {
		for _, c := range []byte(s) {
			if c < ' ' || c > '~' || strings.IndexByte(not, c) >= 0 {
				return false
			}
		}
	}
	return true
}

// DefaultUser is sent where neither tool, provider nor account name one: servers
// that take a token for a password look at the password only.
const DefaultUser = "oauth2"

// UserName chooses the user name that goes with a token: the one that the
// provider demands, else the one that the tool has, else the account's where it
// can be a user name, else DefaultUser.
func UserName(demanded, tools, account string) string {
	for _, name := range []string{demanded, tools, account} {
		if name != "" && fit(" :", name) {
			return name
		}
	}
	return DefaultUser
}

// Secure says whether a token may go to a server: over TLS, or to this machine.
func Secure(scheme, host string) bool {
	return scheme == "https" && host != "" || scheme == "http" && isLoopback(host)
}

// isLoopback: literals only; a name could be anybody's.
func isLoopback(host string) bool {
	if at, err := netip.ParseAddrPort(host); err == nil {
		return at.Addr().IsLoopback()
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}
