package text

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestLineIsOneHarmlessLine(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"plain", "ada@example.org", "ada@example.org"},
		{"letters of other scripts", "Zoë 日本 שלום", "Zoë 日本 שלום"},
		{"line breaks", "a\nb\r\nc", "a b c"},
		{"other line breaks", "a\u0085b\u2028c\u2029d\vе\ff", "a b c d е f"},
		{"white space", "  a\t \u00a0b\u3000c ", "a b c"},
		{"escape sequences", "a\x1b[31mb\x07\x7f", "a[31mb"},
		{"C1 controls", "a\u009b31mb\u0090c", "a31mbc"},
		{"raw C1 bytes", "a\x9b31mb", "a31mb"},
		{"invalid UTF-8", "a\xff\xc3(b\xed\xa0\x80c", "a(bc"},
		{"replacement character", "a\ufffdb", "ab"},
		{"bidirectional overrides", "a\u202eb\u202cc\u2066d\u2069e\u200ff\u061cg", "abcdefg"},
		{"zero width", "a\u200bb\u200dc\ufeffd\u00ade\u2060f", "abcdef"},
		{"tags", "a\U000e0041\U000e0042b", "ab"},
		{"invisible letters", "a\u3164b\u115fc\u034fd", "abcd"},
		{"private use", "a\ue000b\U000f0000c", "abc"},
		{"NUL", "a\x00b", "ab"},
		{"nothing left", "\u200b\x1b", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Line(row.in, 0); got != row.want {
				t.Errorf("Line(%q) = %q, want %q", row.in, got, row.want)
			}
		})
	}
}

func TestLineIsCutAtItsLimit(t *testing.T) {
	for _, row := range []struct {
		name, in string
		limit    int
		want     string
	}{
		{"fits", "Zoë", 3, "Zoë"},
		{"too long", "Zoë B", 4, "Zoë…"},
		{"counts what is shown", "a\u200bb\u200bc", 3, "abc"},
		{"no space before the ellipsis", "ab cd", 4, "ab…"},
		{"no limit", strings.Repeat("x", 5000), 0, strings.Repeat("x", 5000)},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Line(row.in, row.limit); got != row.want {
				t.Errorf("Line(%q, %d) = %q, want %q", row.in, row.limit, got, row.want)
			}
		})
	}
}

func FuzzLineHoldsItsPromise(f *testing.F) {
	f.Add("a\x1b[31m\n\u202e b", 10)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 0 || limit > 1000 {
			return
		}
		got := Line(s, limit)
		if limit > 0 && utf8.RuneCountInString(got) > limit {
			t.Errorf("%d characters, more than %d", utf8.RuneCountInString(got), limit)
		}
		for _, r := range got {
			if printable(r) != r {
				t.Errorf("%q is in %q", r, got)
			}
		}
		if again := Line(got, limit); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	})
}

func TestLinesKeepsLines(t *testing.T) {
	if got, want := Lines("a\x1b b \n\n\tc\u202e\n"), "a b\n\nc"; got != want {
		t.Errorf("Lines = %q, want %q", got, want)
	}
}

func TestSentence(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"error", "no such file or directory", "No such file or directory."},
		{"sentence", "It is so.", "It is so."},
		{"question", "is it?", "Is it?"},
		{"ellipsis", "wait…", "Wait…"},
		{"host first", "id.example.org cannot be reached", "id.example.org cannot be reached."},
		{"path first", "/etc/x: permission denied", "/etc/x: permission denied."},
		{"letter beyond ASCII", "österreich fehlt", "Österreich fehlt."},
		{"lines", "it broke\nhere", "It broke here."},
		{"cut off", "it broke:", "It broke."},
		{"nothing", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := Sentence(row.in); got != row.want {
				t.Errorf("Sentence(%q) = %q, want %q", row.in, got, row.want)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	for _, row := range []struct {
		d        time.Duration
		down, up string
	}{
		{-time.Second, "0 s", "0 s"},
		{0, "0 s", "0 s"},
		{1500 * time.Millisecond, "1 s", "2 s"},
		{59 * time.Second, "59 s", "59 s"},
		{time.Minute, "1 min", "1 min"},
		{90 * time.Second, "1 min", "2 min"},
		{59*time.Minute + 59*time.Second, "59 min", "1 h"},
		{80 * time.Minute, "1 h 20 min", "1 h 20 min"},
		{2 * time.Hour, "2 h", "2 h"},
		{6*time.Hour + 30*time.Minute, "6 h", "7 h"},
		{23*time.Hour + 59*time.Minute, "23 h", "1 day"},
		{24 * time.Hour, "1 day", "1 day"},
		{80 * time.Hour, "3 days", "3 days"},
		{180 * 24 * time.Hour, "180 days", "180 days"},
	} {
		t.Run(row.d.String(), func(t *testing.T) {
			if got := Duration(row.d); got != row.down {
				t.Errorf("Duration = %q, want %q", got, row.down)
			}
			if got := AtLeast(row.d); got != row.up {
				t.Errorf("AtLeast = %q, want %q", got, row.up)
			}
		})
	}
}

func TestWhen(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		in   time.Duration
		want string
	}{{12 * time.Minute, "in 12 min"}, {-3 * 24 * time.Hour, "3 days ago"}, {0, "0 s ago"}} {
		t.Run(row.want, func(t *testing.T) {
			if got := When(now.Add(row.in), now); got != row.want {
				t.Errorf("When = %q, want %q", got, row.want)
			}
		})
	}
}

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"github", "github", 0},
		{"github", "githup", 1},
		{"github", "gihub", 1},
		{"microsoft", "mircosoft", 2},
		{"kitten", "sitting", 3},
		{"aab", "ab", 1},
		{"flaw", "lawn", 2},
	} {
		t.Run(row.a+" "+row.b, func(t *testing.T) {
			if there, back := Distance(row.a, row.b), Distance(row.b, row.a); there != row.want || back != row.want {
				t.Errorf("%d and back %d, want %d", there, back, row.want)
			}
		})
	}
}
func TestNearFindsWhatWasMeant(t *testing.T) {
	all := []string{"github", "github-app", "gitlab", "google", "microsoft", "practice"}
	for word, want := range map[string][]string{
		"githup":     {"github"},
		"practis":    {"practice"},
		"git":        {"github", "github-app", "gitlab"},
		"mircosoft":  {"microsoft"},
		"app":        {"github-app"},
		"zzzzzzzzzz": nil,
	} {
		if got := Near(word, all); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
}
