package dialect

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// goMost is how much is read of the response that the go command hands over.
const goMost = 1 << 20

// GoURL is the URL that the go command could not fetch. GOAUTH is for https only.
func GoURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("GOAUTH is asked for https URLs only, not for %q", raw)
	}
	return u, nil
}

// GoTokenRefused says whether the response on the helper's stdin means that the
// token that was sent is no longer good, rather than that none was sent: the go
// command does not say what it sent, but a server that was given a bad one says
// invalid_token (RFC 6750 §3.1).
func GoTokenRefused(r io.Reader) bool {
	text, err := io.ReadAll(io.LimitReader(r, goMost))
	if err != nil || len(text) == 0 {
		return false
	}
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		return false
	}
	for _, challenge := range answer.Header.Values("WWW-Authenticate") {
		if strings.Contains(challenge, `error="invalid_token"`) || strings.Contains(challenge, "error=invalid_token") {
			return true
		}
	}
	return false
}

// GoAuth gives the go command a header for everything below a URL prefix.
func GoAuth(prefix, header string) (string, error) {
	if !fit("", prefix, header) {
		return "", ErrUnfit
	}
	return prefix + "\n\n" + header + "\n\n", nil
}
