package providers

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/authtray/authtray/providers/catalog"
)

// PasteError says what is wrong with a pasted address. The flow stays pending,
// so the person can paste again.
type PasteError struct{ Detail string }

func (e *PasteError) Error() string { return e.Detail }

// maxPaste is how long a redirect URL may be, in bytes.
const maxPaste = 32 << 10

// Paste implements Pending. The loopback listener and Paste share one path from
// the query on: whichever comes first is acted on.
func (f *Flow) Paste(ctx context.Context, rawURL string) error {
	code := f.request()
	if code == nil {
		return &PasteError{"This sign-in uses a code on another device; there is no address to paste."}
	}
	answer, err := parsePasted(rawURL, f.redirectURI, f.url)
	if err != nil {
		return err
	}
	if !sameSecret(code.state, answer.state) {
		return &PasteError{"That address is from another sign-in. Open the address shown here, sign in, and paste where the browser ends up."}
	}
	if !f.answer(answer) {
		return f.overError()
	}
	_, err = f.Wait(ctx)
	return err
}

func (f *Flow) overError() error {
	if f.isOver() && f.err != nil {
		return fmt.Errorf("this sign-in is over: %w", f.err)
	}
	return &PasteError{"This sign-in has been answered already."}
}

// parsePasted reads what a person copied from the address bar: the whole
// redirect URL, never a bare code, because only the whole one proves that the
// answer belongs to this sign-in.
func parsePasted(raw, redirectURI, authorizeURL string) (callback, error) {
	if len(raw) > maxPaste {
		return callback{}, &PasteError{"That is too long to be the address of a sign-in; paste the address alone."}
	}
	text := tidyPaste(raw)
	if text == "" {
		return callback{}, &PasteError{"Nothing was pasted. Paste the whole address from the browser; it starts with " + redirectURI + "."}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme == "" {
		return callback{}, &PasteError{"That is not a whole address. Paste everything in the browser's address bar; it starts with " + redirectURI + "."}
	}
	if err := checkPastedAddress(u, redirectURI, authorizeURL); err != nil {
		return callback{}, err
	}
	answer, err := parseCallback(u.RawQuery)
	if err != nil {
		return callback{}, &PasteError{"That address cannot be used: " + err.Error() + "."}
	}
	return answer, nil
}

// tidyPaste takes away what copying adds: quotes, brackets, line breaks of a
// narrow terminal.
func tidyPaste(raw string) string {
	return strings.Trim(strings.Join(strings.Fields(raw), ""), `"'<>`)
}

func checkPastedAddress(u *url.URL, redirectURI, authorizeURL string) error {
	want, err := url.Parse(redirectURI)
	if err != nil {
		return fmt.Errorf("redirect address %q: %w", redirectURI, err)
	}
	if sameAddress(u, want) {
		return nil
	}
	if page, err := url.Parse(authorizeURL); err == nil && strings.EqualFold(page.Host, u.Host) {
		return &PasteError{"That is the provider's sign-in page. Sign in there first, then paste the address where the browser ends up; it starts with " + redirectURI + "."}
	}
	return &PasteError{"That address does not belong to this sign-in: it must start with " + redirectURI + "."}
}

func sameAddress(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.User == nil && a.Opaque == "" &&
		catalog.HostPort(a) == catalog.HostPort(b) && rootedPath(a) == rootedPath(b)
}

func rootedPath(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}
