package providers

import (
	"net/url"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/providers/text"
)

// maxSaid is how much of a provider's own words is shown, in characters.
const maxSaid = 80

// What people may see of a description is what is left without this.
const hiddenText = "…"

// tokenRun is what may be a token, or a piece of one.
var tokenRun = text.Pattern(`[A-Za-z0-9._~+/=%-]{20,}`)

// said is what a provider said of a refusal, for people alone: its code and the
// beginning of its description, in printable ASCII. Some servers repeat what they
// were sent, whole or cut off, as it is or encoded: whatever the request carried,
// sent, and what looks like a token is left out. It belongs on the terminal and in
// the window, never in a log or a notification.
func said(code, description string, sent []string) string {
	text := description[:min(len(description), 4096)]
	text = tokenRun().ReplaceAllString(withoutSent(text, sent), hiddenText)
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == '…':
			return r
		case r < ' ' || r > '~':
			return ' '
		case r == '"':
			return '\''
		}
		return r
	}, text)), " ")
	if r := []rune(text); len(r) > maxSaid {
		text = string(r[:maxSaid]) + hiddenText
	}
	if text == "" || text == hiddenText {
		return code
	}
	return code + ": " + text
}

// withoutSent leaves out of a text each piece, of echoLength characters at least, of
// what was sent, in whatever case and encoding of URLs it comes back.
func withoutSent(text string, sent []string) string {
	var forms []string
	for _, v := range sent {
		if len(v) < echoLength { // too short to tell from a word
			continue
		}
		forms = append(forms, strings.ToLower(v), strings.ToLower(url.QueryEscape(v)), strings.ToLower(url.PathEscape(v)))
	}
	slices.Sort(forms)
	forms = slices.Compact(forms)
	low := asciiLower(text)
	var out strings.Builder
	for i := 0; i < len(text); {
		n := 0
		for _, form := range forms {
			n = max(n, echoed(low[i:], form))
		}
		if n < echoLength {
			out.WriteByte(text[i])
			i++
			continue
		}
		out.WriteString(hiddenText)
		i += n
	}
	return out.String()
}

// echoed is how many characters at the beginning of text are a piece of form; 0 for
// fewer than echoLength.
func echoed(text, form string) int {
	if len(text) < echoLength {
		return 0
	}
	longest := 0
	for at := 0; ; at++ {
		found := strings.Index(form[at:], text[:echoLength])
		if found < 0 {
			return longest
		}
		at += found
		n := echoLength
		for n < len(text) && at+n < len(form) && text[n] == form[at+n] {
			n++
		}
		longest = max(longest, n)
	}
}

// asciiLower keeps the length of a text, which strings.ToLower may not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// description is where a refusal says in words what it is about (RFC 6749 §5.2), or
// what providers have in its place.
func description(body []byte) string {
	m := refusal.ParseBody(body)
	for _, path := range []string{"error_description", "error.message", "message", "detail"} {
		if s := refusal.TextAt(m, path); s != "" {
			return s
		}
	}
	return ""
}
