package dialect

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

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

// defaultUser is sent where neither tool, provider nor account name one: servers
// that take a token for a password look at the password only.
const defaultUser = "oauth2"

// UserName chooses the user name that goes with a token: the one that the
// provider demands, else the one that the tool has, else the account's where it
// can be a user name, else defaultUser.
func UserName(demanded, tools, account string) string {
	for _, name := range []string{demanded, tools, account} {
		if name != "" && fit(" :", name) {
			return name
		}
	}
	return defaultUser
}

// Secure says whether a token may go to a server: over TLS, or to this machine.
func Secure(scheme, host string) bool {
	return scheme == "https" && host != "" || scheme == "http" && isLoopback(host)
}

// isLoopback: a loopback address or localhost. The tool that asks resolves the name
// itself, so those below localhost do not count: not every tool knows them.
func isLoopback(host string) bool {
	if name, _, _ := strings.Cut(host, ":"); strings.EqualFold(name, "localhost") {
		return true
	}
	if at, err := netip.ParseAddrPort(host); err == nil {
		return at.Addr().IsLoopback()
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.IsLoopback()
}

// XOAuth2 is the initial response of SASL XOAUTH2, which Google, Microsoft and
// Yahoo take for IMAP, POP and SMTP, in base64.
func XOAuth2(user, token string) (string, error) {
	if user == "" || !fit("", user, token) {
		return "", ErrUnfit
	}
	return base64.StdEncoding.EncodeToString([]byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01")), nil
}

// OAuthBearer is the initial response of SASL OAUTHBEARER (RFC 7628 §3.1), in
// base64. host and port may be left out ("", 0).
func OAuthBearer(user, host string, port int, token string) (string, error) {
	if user == "" || !fit("", user, host, token) {
		return "", ErrUnfit
	}
	r := strings.NewReplacer("=", "=3D", ",", "=2C") // saslname, RFC 5801 §4
	text := "n,a=" + r.Replace(user) + ",\x01"
	if host != "" {
		text += "host=" + host + "\x01"
	}
	if port > 0 {
		text += fmt.Sprintf("port=%d\x01", port)
	}
	return base64.StdEncoding.EncodeToString([]byte(text + "auth=Bearer " + token + "\x01\x01")), nil
}
