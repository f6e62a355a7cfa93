package dialect

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ada  = Login{User: "ada", Token: "at-1", Expires: noon}
)

// TestGitIsAnsweredInWhatItUnderstands has the answers byte for byte: what git
// 2.39 sends, and git 2.46 and later, which announce capabilities.
func TestGitIsAnsweredInWhatItUnderstands(t *testing.T) {
	const old = "protocol=https\nhost=git.example\n"
	const authtype = "capability[]=authtype\n" + old
	const both = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.example\nwwwauth[]=Basic realm=\"x\"\n\n"
	never := Login{User: "ada", Token: "at-1"}
	for name, c := range map[string]struct {
		asked  string
		answer GitAnswer
		want   string
	}{
		"git 2.39":       {old, GitAnswer{Login: ada, Connection: "work"}, "username=ada\npassword=at-1\npassword_expiry_utc=1795435200\n"},
		"without expiry": {old, GitAnswer{Login: never, Connection: "work"}, "username=ada\npassword=at-1\n"},
		"bearer, for a git that cannot": {old, GitAnswer{Login: ada, Connection: "work", Bearer: true},
			"username=ada\npassword=at-1\npassword_expiry_utc=1795435200\n"},
		"bearer": {both, GitAnswer{Login: ada, Connection: "work", Bearer: true},
			"capability[]=authtype\ncapability[]=state\nauthtype=Bearer\ncredential=at-1\npassword_expiry_utc=1795435200\nephemeral=1\nstate[]=authtray:work\n"},
		"password, for a git that can more": {both, GitAnswer{Login: ada, Connection: "work"},
			"capability[]=authtype\ncapability[]=state\nusername=ada\npassword=at-1\npassword_expiry_utc=1795435200\nephemeral=1\nstate[]=authtray:work\n"},
		"authtype alone": {authtype, GitAnswer{Login: never, Connection: "work", Bearer: true},
			"capability[]=authtype\nauthtype=Bearer\ncredential=at-1\nephemeral=1\n"},
		"capabilities taken back": {"capability[]=authtype\ncapability[]=\n" + old, GitAnswer{Login: never, Bearer: true}, "username=ada\npassword=at-1\n"},
	} {
		asked, err := ReadGit(strings.NewReader(c.asked))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.answer.For(asked); got != c.want || err != nil {
			t.Errorf("%s:\n%s%v\nwant:\n%s", name, got, err, c.want)
		}
	}
}

func TestGitRequestsAreRead(t *testing.T) {
	asked := "capability[]=authtype\nprotocol=https\nhost=git.example:8443\npath=acme/a=b.git\nusername=ada\npassword=at-1\n" +
		"state[]=other:x\nstate[]=authtray:work\nwwwauth[]=Basic realm=\"a\"\nnew-thing=1\nnonsense\n\npassword=after the end\n"
	got, err := ReadGit(strings.NewReader(asked))
	want := GitRequest{Protocol: "https", Host: "git.example:8443", Path: "acme/a=b.git", Username: "ada", Secret: "at-1",
		Connection: "work", Capabilities: []string{"authtype"}}
	if err != nil || !slices.Equal(got.Capabilities, want.Capabilities) || got.Path != want.Path || got.Secret != want.Secret ||
		got.Connection != want.Connection || got.Host != want.Host || got.Username != want.Username || got.Protocol != want.Protocol {
		t.Errorf("%+v, %v", got, err)
	}
	erased, _ := ReadGit(strings.NewReader("authtype=Bearer\ncredential=at-2\n"))
	if erased.Secret != "at-2" {
		t.Errorf("newer gits send the refused token as credential: %+v", erased)
	}
}

func TestGitIsGivenNoLineMoreThanMeant(t *testing.T) {
	for _, l := range []Login{{User: "ada\nhost=evil", Token: "x"}, {User: "ada", Token: "x\nquit=1"}, {User: "ada", Token: "x\x00"}, {User: "ada", Token: "é"}} {
		if out, err := (GitAnswer{Login: l}).For(GitRequest{}); !errors.Is(err, ErrUnfit) || out != "" {
			t.Errorf("%q gives %q, %v", l, out, err)
		}
	}
}

func FuzzGit(f *testing.F) {
	for _, seed := range []string{"protocol=https\nhost=x\n\n", "capability[]=authtype\ncapability[]=state\nhost=x\nusername=a b\n", "=\n", "\n", "a", "capability[]=\n", "state[]=authtray:\n"} {
		f.Add(seed, "user", "token")
	}
	f.Fuzz(func(t *testing.T, asked, user, token string) {
		g, err := ReadGit(strings.NewReader(asked))
		if err != nil {
			return
		}
		out, err := GitAnswer{Login: Login{User: user, Token: token, Expires: noon}, Connection: "work", Bearer: true}.For(g)
		if err != nil {
			return
		}
		for line := range strings.Lines(out) {
			key, _, ok := strings.Cut(line, "=")
			if !ok || !strings.HasSuffix(line, "\n") || strings.ContainsAny(key, "\x00\n ") {
				t.Fatalf("%q", out)
			}
		}
		if n := strings.Count(out, "\n"); n > 8 || strings.Contains(out, "\n\n") {
			t.Fatalf("%d lines: %q", n, out)
		}
	})
}
