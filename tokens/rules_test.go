package tokens

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers"
)

func TestBuffer(t *testing.T) {
	for _, c := range []struct{ lifetime, want time.Duration }{
		{24 * time.Hour, 5 * time.Minute},
		{time.Hour, 5 * time.Minute},
		{20 * time.Minute, 5 * time.Minute},
		{5 * time.Minute, 75 * time.Second},
		{time.Minute, 15 * time.Second},
		{10 * time.Second, 2500 * time.Millisecond},
		{0, 0},
	} {
		if got := Buffer(c.lifetime); got != c.want {
			t.Errorf("Buffer(%s) = %s, want %s", c.lifetime, got, c.want)
		}
	}
}

func TestWhatMayBeHandedOut(t *testing.T) {
	const hour, ever = time.Hour, math.MaxInt64
	for _, c := range []struct {
		name                string
		lifetime, age, want time.Duration
	}{
		{"fresh", hour, time.Minute, 59 * time.Minute},
		{"nearly over", hour, hour - time.Second, time.Second},
		{"expired", hour, hour, 0},
		{"long expired", hour, 3 * hour, 0},
		{"just renewed, but expired", 5 * time.Second, 6 * time.Second, 0},
		{"from the future", hour, -2 * time.Minute, 0},
		{"within the clock's slack", hour, -30 * time.Second, hour + 30*time.Second},
		{"never expires", 0, 9000 * hour, ever},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, now := agedGrant(c.lifetime, c.age)
			if got := g.left(now); got != c.want {
				t.Errorf("handed out for %s more, want %s", got, c.want)
			}
		})
	}
	if (*Grant)(nil).left(time.Now()) != 0 {
		t.Error("no grant, and still a token")
	}
}

func agedGrant(lifetime, age time.Duration) (g *Grant, now time.Time) {
	now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	g = &Grant{ObtainedAt: now.Add(-age)}
	if lifetime > 0 {
		g.ExpiresAt = g.ObtainedAt.Add(lifetime)
	}
	return g, now
}

func TestWhenAFreshTokenServesBetter(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		name                           string
		lifetime, age, usual, minValid time.Duration
		want                           bool
	}{
		{"a fresh one would be long enough", hour, time.Minute, hour, 59*time.Minute + 30*time.Second, true},
		{"not even a fresh one would be, and it has its life before it", hour, 14 * time.Minute, hour, 2 * hour, false},
		{"not even a fresh one would be, but a quarter is used up", hour, 15 * time.Minute, hour, 2 * hour, true},
		{"as long as a fresh one, which is never quite that long", hour, time.Minute, hour, hour, false},
		{"a shorter one than usual", 10 * time.Minute, time.Minute, hour, 30 * time.Minute, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, now := agedGrant(c.lifetime, c.age)
			if got := freshIsBetter(g, now, c.usual, c.minValid); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestMinValidWhereNoneIsNamed(t *testing.T) {
	for _, c := range []struct{ lifetime, named, want time.Duration }{
		{time.Hour, 0, 30 * time.Second},
		{2 * time.Minute, 0, 30 * time.Second},
		{time.Minute, 0, 15 * time.Second},
		{10 * time.Second, 0, 2500 * time.Millisecond},
		{time.Minute, 50 * time.Second, 50 * time.Second},
		{time.Minute, time.Nanosecond, time.Nanosecond}, // 0s, as the socket hands it on
		{time.Hour, 2 * time.Hour, 2 * time.Hour},
	} {
		g, _ := agedGrant(c.lifetime, 0)
		if got := (Want{MinValid: c.named}).minValid(g); got != c.want {
			t.Errorf("a token of %s, %s named: %s, want %s", c.lifetime, c.named, got, c.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		failure    int
		retryAfter time.Duration
		want       time.Duration
	}{
		{1, 0, 5 * time.Second}, {2, 0, 10 * time.Second}, {4, 0, 40 * time.Second},
		{6, 0, 160 * time.Second}, {7, 0, 5 * time.Minute}, {1000, 0, 5 * time.Minute},
		{1, time.Minute, time.Minute}, {7, time.Second, 5 * time.Minute},
		{1, 24 * time.Hour, time.Hour},
	} {
		if got := backoff(c.failure, c.retryAfter, 0.5); got != c.want {
			t.Errorf("backoff(%d, %s) = %s, want %s", c.failure, c.retryAfter, got, c.want)
		}
	}
	if low, high := backoff(1, 0, 0), backoff(1, 0, 0.999); low != 4*time.Second || high >= 6*time.Second || high <= 5*time.Second {
		t.Errorf("jitter gives %s to %s", low, high)
	}
}

func TestWhyAGrantDied(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, c := range []struct {
		name string
		g    Grant
		p    policy
		lost bool
		want Reason
	}{
		{"no reason known", Grant{ObtainedAt: now.Add(-time.Hour)}, policy{}, false, ReasonRevoked},
		{"an answer was lost", Grant{ObtainedAt: now.Add(-time.Hour)}, policy{}, true, ReasonAnswerLost},
		{"within the absolute limit", Grant{ObtainedAt: now, ConsentedAt: now.Add(-179 * day)}, policy{absolute: 180 * day}, false, ReasonRevoked},
		{"past the absolute limit", Grant{ObtainedAt: now, ConsentedAt: now.Add(-180 * day)}, policy{absolute: 180 * day}, false, ReasonAbsoluteLimit},
		{"idle too long", Grant{ObtainedAt: now.Add(-61 * day)}, policy{idle: 60 * day}, false, ReasonIdleLimit},
		{"past the refresh token's stated end", Grant{ObtainedAt: now.Add(-time.Hour), RefreshUntil: now.Add(-time.Minute)}, policy{}, false, ReasonIdleLimit},
	} {
		if got := deathReason(&c.g, c.p, now, c.lost); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestEveryReasonHasASentenceThatOffersTheWayOn(t *testing.T) {
	for s, of := range Explanations {
		for r := range of {
			said := Sentence(s, r, "GitHub", "")
			if said == "" && s != Connected || s == ReconnectRequired && !containsAll(said, "GitHub", "econnect") {
				t.Errorf("%s %s: %q", s, r, said)
			}
			if r != ReasonRevoked && s == ReconnectRequired && said == Sentence(s, ReasonRevoked, "GitHub", "") {
				t.Errorf("%s has no sentence of its own", r)
			}
		}
	}
}

// A reason stands in the table of what people are told under its own state, and
// says something short and something long.
func TestExplanationsAreWhole(t *testing.T) {
	for s, of := range Explanations {
		for r := range of {
			t.Run(string(s)+" "+string(r), func(t *testing.T) {
				e := Explain(s, r)
				for _, text := range []string{e.Long, e.Short, e.Action, e.Button} {
					if text == "" && r != ReasonNone {
						t.Errorf("says too little: %+v", e)
					}
				}
				if strings.HasSuffix(e.Short, ".") || strings.HasSuffix(e.Action, ".") || e.Long != "" && !strings.HasSuffix(e.Long, ".") {
					t.Errorf("full stops: %+v", e)
				}
			})
		}
	}
}

func TestEnglishFillsEachPlaceOnce(t *testing.T) {
	if got := English("{{.A}} and {{.B}}", "A", "{{.B}}", "B", "b"); got != "{{.B}} and b" {
		t.Error(got)
	}
}

// A reason that stands nowhere in the table would be in no test of what people read.
func TestEveryReasonStandsInTheTableOnce(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "explanations.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for _, of := range Explanations {
			if _, is := of[Reason(value)]; is {
				rows++
			}
		}
		if value != "" && rows != 1 {
			t.Errorf("%s stands under %d states", spec.Names[0].Name, rows)
		}
		return true
	})
}

func TestARecordOfANewerVersionIsLeftAlone(t *testing.T) {
	if _, err := decodeGrant([]byte(`{"v":2,"gen":1,"access_token":"x"}`)); err == nil || !containsAll(err.Error(), "version 2") {
		t.Fatalf("got %v", err)
	}
}

func TestAGrantNeverPrintsItsTokens(t *testing.T) {
	g := firstGrant(providers.Result{Answer: providers.Answer{AccessToken: "SECRET-A", RefreshToken: "SECRET-R"}}, 1, true)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("a grant", "grant", g, "of", *g)
	texts := []string{log.String(), fmt.Sprint(g, *g, struct{ G Grant }{*g}, struct{ G *Grant }{g}, []Grant{*g})}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%20s"} {
		texts = append(texts, fmt.Sprintf(verb, g), fmt.Sprintf(verb, *g), fmt.Sprintf(verb, struct{ G Grant }{*g}))
	}
	for _, s := range texts {
		if containsAll(s, "SECRET") || containsAll(s, fmt.Sprintf("%x", "SECRET")) || !containsAll(s, "grant generation 1") {
			t.Errorf("%s", s)
		}
	}
}

func containsAll(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

func TestAuthorizationNamesTheTypeAsAPIsWantIt(t *testing.T) {
	for kind, want := range map[string]string{"": "Bearer at", "bearer": "Bearer at", "BEARER": "Bearer at", "Bearer": "Bearer at", "DPoP": "DPoP at"} {
		t.Run(kind, func(t *testing.T) {
			if got := (Token{TokenType: kind, AccessToken: "at"}).Authorization(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
