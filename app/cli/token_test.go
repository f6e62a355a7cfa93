package cli

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens"
)

func TestTokenFormats(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))
	token := tokens.Token{AccessToken: "abc.DEF", TokenType: "bearer", ExpiresAt: &at}
	for format, want := range map[string]string{
		"raw":    "abc.DEF\n",
		"json":   "{\"access_token\":\"abc.DEF\"}\n",
		"header": "Authorization: Bearer abc.DEF\n",
		"env":    "export ACCESS_TOKEN='abc.DEF'\nexport ACCESS_TOKEN_EXPIRES_AT='2026-11-23T11:00:00Z'\n",
	} {
		got, err := formats[format](token, []byte("{\"access_token\":\"abc.DEF\"}\n"))
		if got != want || err != nil {
			t.Errorf("%s: %q, %v", format, got, err)
		}
	}
}

func TestHeaderFormatRefusesATokenThatAddsHeaders(t *testing.T) {
	for _, bad := range []string{"a\r\nX-Evil: 1", "a\nb", "ä"} {
		if got, err := formats["header"](tokens.Token{AccessToken: bad}, nil); err == nil {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestEnvFormatMeansTheTokenWhateverIsInIt(t *testing.T) {
	evil := "a'; echo owned; 'b$(id)`id`\\"
	text, err := formats["env"](tokens.Token{AccessToken: evil}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	out, err := exec.Command(sh, "-c", text+`printf %s "$ACCESS_TOKEN"`).Output()
	if err != nil || string(out) != evil {
		t.Errorf("%q, %v", out, err)
	}
}

func TestMCPHeadersAreOneLineOfJSON(t *testing.T) {
	for _, c := range []struct{ kind, token, want string }{
		{"bearer", "abc", "{\"Authorization\":\"Bearer abc\"}\n"},
		{"MAC", "a\"<>", "{\"Authorization\":\"MAC a\\\"\\u003c\\u003e\"}\n"},
		{"", "a\r\nX: y", ""},
	} {
		got, err := mcpHeadersFormat(tokens.Token{TokenType: c.kind, AccessToken: c.token}, nil)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
}

func TestExecFindsItsCommandWithoutDashes(t *testing.T) {
	for line, want := range map[string]string{
		"exec work sh -c x":               "exec work -- sh -c x",
		"exec work --var T sh -c x":       "exec work --var T -- sh -c x",
		"exec --var=T work npm publish":   "exec --var=T work -- npm publish",
		"exec work -- sh -c x":            "exec work -- sh -c x",
		"exec work --var T -- npm --help": "exec work --var T -- npm --help",
		"exec work":                       "exec work",
		"exec --help":                     "exec --help",
		"token work -x":                   "token work -x",
	} {
		t.Run(line, func(t *testing.T) {
			if got := strings.Join(withDash(strings.Fields(line)), " "); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
