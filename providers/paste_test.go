package providers

import (
	"errors"
	"strings"
	"testing"
)

const (
	pasteTarget  = "http://127.0.0.1:41233/callback"
	pasteSignIn  = "https://op.example/authorize?client_id=x"
	pasteOutside = "https://app.example/oauth/done"
)

func TestPasteTakesTheWholeRedirectURLOnly(t *testing.T) {
	good := callback{state: "s", code: "c"}
	for _, test := range []struct {
		name, target, pasted string
		want                 callback
		says                 string // of the error
	}{
		{"as it is", pasteTarget, pasteTarget + "?code=c&state=s", good, ""},
		{"with a newline", pasteTarget, pasteTarget + "?code=c&state=s\n", good, ""},
		{"in quotes", pasteTarget, ` "` + pasteTarget + `?code=c&state=s" `, good, ""},
		{"broken by a terminal", pasteTarget, "http://127.0.0.1:41233/callb\nack?code=c&sta\r\n  te=s", good, ""},
		{"with a fragment", pasteTarget, pasteTarget + "?code=c&state=s#_=_", good, ""},
		{"https only", pasteOutside, pasteOutside + "?code=c&state=s", good, ""},
		{"default port spelled out", pasteOutside, "https://APP.example:443/oauth/done?code=c&state=s", good, ""},
		{"a denial", pasteTarget, pasteTarget + "?error=access_denied&state=s", callback{state: "s", errorCode: "access_denied"}, ""},
		{"nothing", pasteTarget, " \n", callback{}, "Nothing was pasted"},
		{"a bare code", pasteTarget, "4/0AX4XfWh", callback{}, "not a whole address"},
		{"a query alone", pasteTarget, "?code=c&state=s", callback{}, "not a whole address"},
		{"a scheme alone", pasteTarget, "http:", callback{}, "not a whole address"},
		{"the sign-in page", pasteTarget, pasteSignIn, callback{}, "sign-in page"},
		{"another port", pasteTarget, "http://127.0.0.1:41234/callback?code=c&state=s", callback{}, "must start with " + pasteTarget},
		{"another host", pasteTarget, "http://localhost:41233/callback?code=c&state=s", callback{}, "must start with"},
		{"another path", pasteTarget, "http://127.0.0.1:41233/callback/x?code=c&state=s", callback{}, "must start with"},
		{"another scheme", pasteTarget, "https://127.0.0.1:41233/callback?code=c&state=s", callback{}, "must start with"},
		{"a user before the host", pasteTarget, "http://127.0.0.1:41233@evil.example/callback?code=c&state=s", callback{}, "must start with"},
		{"a name before the host", pasteTarget, "http://me@127.0.0.1:41233/callback?code=c&state=s", callback{}, "must start with"},
		{"the result page", pasteTarget, "http://127.0.0.1:41233/signin/abc", callback{}, "must start with"},
		{"no state", pasteTarget, pasteTarget + "?code=c", callback{}, "no state"},
		{"no query", pasteTarget, pasteTarget, callback{}, "no state"},
		{"cut off before the code", pasteTarget, pasteTarget + "?state=s", callback{}, "neither a code nor an error"},
		{"twice", pasteTarget, pasteTarget + "?state=s&code=c&code=d", callback{}, "twice"},
		{"a book", pasteTarget, strings.Repeat("a", maxPaste+1), callback{}, "too long"},
	} {
		got, err := parsePasted(test.pasted, test.target, pasteSignIn)
		got.rawQuery = "" // the query again
		var mistake *PasteError
		switch {
		case test.says == "" && (err != nil || got != test.want):
			t.Errorf("%s: got %+v, %v", test.name, got, err)
		case test.says != "" && (!errors.As(err, &mistake) || !strings.Contains(mistake.Detail, test.says)):
			t.Errorf("%s: error %v does not say %q", test.name, err, test.says)
		}
	}
}

// FuzzPaste: whatever is pasted, an answer comes only from the redirect address,
// and no sentence repeats the paste, which may hold a code.
func FuzzPaste(f *testing.F) {
	for _, seed := range []string{
		pasteTarget + "?code=c&state=s", pasteTarget + "?error=access_denied&state=s", pasteSignIn, "4/0AX4XfWh", "", "\n",
		"http://127.0.0.1:41233@evil.example/callback?code=c&state=s", "http://[::1]:41233/callback?code=c&state=s",
		"HTTP://127.0.0.1:41233/callback?code=c&state=s", "http://127.0.0.1:41233/%63allback?code=c&state=s",
		"http://127.0.0.1:41233/x/../callback?code=c&state=s", "//127.0.0.1:41233/callback?code=c&state=s", "http:127.0.0.1?code=c",
		pasteTarget + "?code=c&state=s#_=_", "javascript:alert(1)", "\x00\xff", "http://%31:1/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		got, err := parsePasted(pasted, pasteTarget, pasteSignIn)
		var mistake *PasteError
		if err != nil {
			if !errors.As(err, &mistake) || mistake.Detail == "" {
				t.Fatalf("%q: %v is no sentence for people", pasted, err)
			}
			return
		}
		if !strings.HasPrefix(strings.ToLower(tidyPaste(pasted)), pasteTarget+"?") {
			t.Fatalf("%q was taken for an answer at %s", pasted, pasteTarget)
		}
		if got.state == "" || (got.code == "") == (got.errorCode == "") {
			t.Fatalf("%q: %+v", pasted, got)
		}
	})
}
