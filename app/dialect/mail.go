package dialect

import (
	"encoding/base64"
	"fmt"
	"strings"
)

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
