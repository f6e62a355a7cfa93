package outside

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// kind is what a secret is; places may be allowed to show some kinds.
type kind string

const (
	accessToken  kind = "access token"
	refreshToken kind = "refresh token"
	idToken      kind = "ID token"
	code         kind = "authorization code"
	verifier     kind = "code verifier"
	state        kind = "state"
	deviceCode   kind = "device code"
	clientSecret kind = "client secret"
	registration kind = "registration token"
	awsSecret    kind = "AWS secret"
	passphrase   kind = "passphrase"
	environment  kind = "secret in the agent's environment"
)

// window is how much of a secret, in bytes, counts as the secret: a log that
// shows the first or the last half of a token shows too much.
const window = 16

// search finds secrets in texts. It folds case and drops what SafeCode and the
// like drop, so that a secret that went through them is found too.
type search struct {
	long  map[string]owner // folded windows
	short map[string]kind  // folded secrets shorter than a window
}

// owner is the secret that a window is a piece of. What two secrets have in
// common (the head of a JWT) tells nothing: it has no owner.
type owner struct {
	secret string
	kind   kind
}

func newSearch(secrets map[string]kind) *search {
	s := &search{long: map[string]owner{}, short: map[string]kind{}}
	for secret, k := range secrets {
		for _, form := range disguises(secret) {
			s.add(fold(form), owner{secret, k})
			s.add(squeeze(fold(form)), owner{secret, k})
		}
	}
	return s
}

func (s *search) add(form string, o owner) {
	if len(form) >= 8 && len(form) < window {
		s.short[form] = o.kind
	}
	for i := 0; i+window <= len(form); i++ {
		piece := form[i : i+window]
		if known, ok := s.long[piece]; ok && known.secret != o.secret {
			s.long[piece] = owner{}
			continue
		}
		s.long[piece] = o
	}
}

// disguises are the forms in which a secret gets into a text by itself: as it
// is, URL-encoded, in hex, in base64 at any offset, and squeezed as error codes
// are.
func disguises(secret string) []string {
	forms := []string{
		secret, percent(secret), url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
		strings.Trim(fmt.Sprintf("%q", secret), `"`), fmt.Sprint([]byte(secret)),
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			whole := encoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + secret))
			from, to := (offset*8+5)/6, (offset+len(secret))*8/6 // only the characters that are the secret's alone
			forms = append(forms, whole[from:to])
		}
	}
	return forms
}

func fold(s string) string { return strings.ToLower(s) }

// squeeze is what is left of a text where only letters, digits, "_", "." and
// "-" are.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r) {
			return r
		}
		return -1
	}, s)
}

// hit is a secret that was found.
type hit struct {
	kind kind
	near string // what stands before it: never the secret
}

// in finds what text holds, each kind once.
func (s *search) in(text string) (hits []hit) {
	text = fold(text)
	found := map[kind]bool{}
	note := func(k kind, at int) {
		if !found[k] {
			found[k] = true
			hits = append(hits, hit{k, text[max(0, at-60):at]})
		}
	}
	for i := 0; i+window <= len(text); i++ {
		if o := s.long[text[i:i+window]]; o.secret != "" {
			note(o.kind, i)
		}
	}
	for secret, k := range s.short {
		if at := strings.Index(text, secret); at >= 0 {
			note(k, at)
		}
	}
	return hits
}

// place is where something was written, and what may stand there because it was
// asked for.
type place struct {
	name string
	text string
	may  []kind
}

// clean fails the test for each secret in a place where it must not be. It
// never prints one.
func (s *search) clean(t *testing.T, places []place) {
	t.Helper()
	for _, p := range places {
		for _, h := range s.in(p.text) {
			if !allowed(p.may, h.kind) {
				t.Errorf("%s holds a secret (%s), after %q", p.name, h.kind, h.near)
			}
		}
	}
}

func allowed(may []kind, k kind) bool {
	for _, m := range may {
		if m == k {
			return true
		}
	}
	return false
}

func TestTheSearchFindsASecretInAllItsDisguises(t *testing.T) {
	const secret = "Zm9vYmFy+/8xPz8vLy0tLQ==_kq3vJ1"
	s := newSearch(map[string]kind{secret: refreshToken, "short-secret": clientSecret})
	for name, text := range map[string]string{
		"plain":        `err="token ` + secret + ` is unknown"`,
		"first half":   secret[:20] + "…",
		"last half":    "…" + secret[12:],
		"lower case":   strings.ToLower(secret),
		"URL-encoded":  "?x=" + url.QueryEscape(secret) + "&",
		"hex":          strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64":       base64.StdEncoding.EncodeToString([]byte("client:" + secret)),
		"base64, 1":    base64.URLEncoding.EncodeToString([]byte("client:1" + secret)),
		"base64, 2":    base64.StdEncoding.EncodeToString([]byte("client:12" + secret + "x")),
		"bytes":        fmt.Sprint([]byte(secret)),
		"short":        "x=short-secret;",
		"short, coded": base64.StdEncoding.EncodeToString([]byte("short-secret")),
	} {
		if len(s.in(text)) != 1 {
			t.Errorf("%s: not found", name)
		}
	}
	for _, text := range []string{"", "nothing of that kind is here, really nothing", secret[:window-1], "Zm9vYmFyZm9vYmFyZm9vYmFy"} {
		if hits := s.in(text); len(hits) != 0 {
			t.Errorf("%q: found a %s", text, hits[0].kind)
		}
	}
}
