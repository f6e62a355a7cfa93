package providers

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/catalog"
)

func TestExpiry(t *testing.T) {
	hour := catalog.TokenRules{DefaultExpiresIn: 3600}
	inDecember := time.Unix(1795431600, 0).Sub(testNow)
	for _, tt := range []struct {
		name  string
		rules catalog.TokenRules
		body  string
		want  time.Duration // 0: never
	}{
		{"a number", catalog.TokenRules{}, `"expires_in":3600`, time.Hour},
		{"quoted", catalog.TokenRules{}, `"expires_in":"3600"`, time.Hour},
		{"a float", catalog.TokenRules{}, `"expires_in":3600.0`, time.Hour},
		{"a quoted float", catalog.TokenRules{}, `"expires_in":"3600.5"`, time.Hour + 500*time.Millisecond},
		{"with an exponent", catalog.TokenRules{}, `"expires_in":3.6e3`, time.Hour},
		{"absent, never by default", catalog.TokenRules{}, `"x":1`, 0},
		{"absent, the entry's default", hour, `"x":1`, time.Hour},
		{"null, the entry's default", hour, `"expires_in":null`, time.Hour},
		{"empty, the entry's default", hour, `"expires_in":""`, time.Hour},
		{"negative, the entry's default", hour, `"expires_in":-1`, time.Hour},
		{"zero, the entry's default", hour, `"expires_in":0`, time.Hour},
		{"huge", catalog.TokenRules{}, `"expires_in":1e30`, catalog.MaxLifetime},
		{"beyond any number", catalog.TokenRules{}, `"expires_in":1e999`, catalog.MaxLifetime},
		{"milliseconds", catalog.TokenRules{ExpiresUnit: "ms"}, `"expires_in":60000`, time.Minute},
		{"another member", catalog.TokenRules{ExpiresIn: "expires"}, `"expires":60`, time.Minute},
		{"a moment", catalog.TokenRules{}, `"expires_at":"2026-11-23T11:00:00Z"`, time.Hour},
		{"a moment in seconds", catalog.TokenRules{}, `"expires_at":1795431600`, inDecember},
		{"both: the lifetime counts", catalog.TokenRules{}, `"expires_in":60,"expires_at":"2026-11-23T11:00:00Z"`, time.Minute},
		{"a moment that has passed", hour, `"expires_at":"2020-01-01T00:00:00Z"`, time.Hour},
		{"a moment that has passed, never by default", catalog.TokenRules{}, `"expires_at":"2020-01-01T00:00:00Z"`, 0},
		{"a moment as a float", catalog.TokenRules{}, `"expires_at":1795431600.25`, inDecember + 250*time.Millisecond},
		{"a moment in milliseconds", catalog.TokenRules{}, `"expires_at":1795431600000`, inDecember},
		{"a moment in quoted milliseconds", catalog.TokenRules{}, `"expires_at":"1795431600000"`, inDecember},
		{"a moment in no unit", hour, `"expires_at":1795431600000000`, time.Hour},
		{"the last moment there is", catalog.TokenRules{}, `"expires_at":253402300799`, catalog.MaxLifetime},
		{"the last moment there is, in milliseconds", catalog.TokenRules{}, `"expires_in":253402300799000`, catalog.MaxLifetime},
		{"a moment as text under the wrong name", catalog.TokenRules{}, `"expires_in":"2026-11-23T11:00:00Z"`, time.Hour},
		{"a moment in words", hour, `"expires_at":"tomorrow"`, time.Hour},
		{"a moment under the wrong name", catalog.TokenRules{}, `"expires_in":1795431600`, inDecember},
		{"a moment in milliseconds under the wrong name", catalog.TokenRules{}, `"expires_in":1795431600000`, inDecember},
		{"a moment in milliseconds, as the entry says", catalog.TokenRules{ExpiresUnit: "ms"}, `"expires_in":1795431600000`, inDecember},
		{"a lifetime of twelve days in milliseconds", catalog.TokenRules{ExpiresUnit: "ms"}, `"expires_in":1036800000`, 12 * 24 * time.Hour},
		{"a lifetime of thirty years", catalog.TokenRules{}, `"expires_in":946080000`, 30 * 365 * 24 * time.Hour},
		{"next to nothing", hour, `"expires_in":1e-10`, time.Hour},
		{"next to nothing, never by default", catalog.TokenRules{}, `"expires_in":1e-10`, 0},
	} {
		a, ok := readAnswer(catalog.Entry{Tokens: tt.rules}, 200, []byte(`{"access_token":"a",`+tt.body+`}`), testNow)
		if !ok || a.ExpiresIn != tt.want || a.Never != (tt.want == 0) {
			t.Errorf("%s: %v, %s never=%v, want %s", tt.name, ok, a.ExpiresIn, a.Never, tt.want)
		}
	}
}

// Salesforce states no lifetime, and its JWTs end all the same.
func TestATokenThatSaysItselfWhenItEndsIsNotForEver(t *testing.T) {
	at := func(d time.Duration) int64 { return testNow.Add(d).Unix() }
	jwt := func(claims string, moments ...any) string {
		return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, claims, moments...)) + ".c2ln"
	}
	for _, tt := range []struct {
		name, token, body string
		want              time.Duration // 0: never
	}{
		{"exp alone", jwt(`{"exp":%d}`, at(time.Hour)), "", time.Hour},
		{"exp and iat", jwt(`{"iat":%d,"exp":%d}`, at(0), at(time.Hour)), "", time.Hour},
		{"given out again, with less left", jwt(`{"iat":%d,"exp":%d}`, at(-time.Hour), at(time.Hour)), "", time.Hour},
		{"a clock that is behind", jwt(`{"iat":%d,"exp":%d}`, at(time.Hour), at(3*time.Hour)), "", 2 * time.Hour},
		{"a clock that is ahead", jwt(`{"iat":%d,"exp":%d}`, at(-9*time.Hour), at(-8*time.Hour)), "", time.Hour},
		{"a clock that is ahead, no iat", jwt(`{"exp":%d}`, at(-8*time.Hour)), "", 0},
		{"what the answer states counts", jwt(`{"exp":%d}`, at(time.Hour)), `"expires_in":60`, time.Minute},
		{"what it states makes no sense", jwt(`{"exp":%d}`, at(2*time.Hour)), `"expires_in":"soon"`, 2 * time.Hour},
		{"it states nothing left", jwt(`{"exp":%d}`, at(2*time.Hour)), `"expires_in":0`, 2 * time.Hour},
		{"a century", jwt(`{"exp":%d}`, at(100*365*24*time.Hour)), "", catalog.MaxLifetime},
		{"no exp", jwt(`{"iat":%d}`, at(0)), "", 0},
		{"a number of seconds", jwt(`{"exp":3600}`), "", 0},
		{"no number", jwt(`{"exp":"soon"}`), "", 0},
		{"no claims", "a.b.c", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, refresh := range []string{`"r"`, "null"} {
				a, ok := readAnswer(catalog.Entry{}, 200, []byte(`{"access_token":"`+tt.token+`","refresh_token":`+refresh+`,"x":1`+strings.TrimRight(","+tt.body, ",")+`}`), testNow)
				if !ok || a.ExpiresIn != tt.want || a.Never != (tt.want == 0) {
					t.Errorf("refresh token %s: %s, never %t; want %s", refresh, a.ExpiresIn, a.Never, tt.want)
				}
			}
		})
	}
}

func TestOfAnEntrysDefaultAndATokensOwnEndTheEarlierCounts(t *testing.T) {
	token := "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, testNow.Add(time.Hour).Unix())) + ".c2ln"
	for usual, want := range map[int]time.Duration{7200: time.Hour, 60: time.Minute} {
		a, ok := readAnswer(catalog.Entry{Tokens: catalog.TokenRules{DefaultExpiresIn: usual}}, 200, []byte(`{"access_token":"`+token+`"}`), testNow)
		if !ok || a.ExpiresIn != want {
			t.Errorf("default %d: %s", usual, a.ExpiresIn)
		}
	}
}

// A lifetime that cannot be read, for a grant that can be renewed, is guessed:
// renewed too often does little harm, and served for ever does much.
func TestALifetimeThatMakesNoSenseIsNotForEver(t *testing.T) {
	for body, want := range map[string]time.Duration{ // 0: never
		`"x":1`: 0, `"expires_in":null`: 0, `"expires_in":""`: 0,
		`"expires_in":1e-10`:   guessedLifetime,
		`"expires_in":"3600s"`: guessedLifetime, `"expires_in":"3,600"`: guessedLifetime, `"expires_in":"soon"`: guessedLifetime, `"expires_in":"NaN"`: guessedLifetime,
		`"expires_in":{}`: guessedLifetime, `"expires_in":[3600]`: guessedLifetime, `"expires_in":true`: guessedLifetime,
		`"expires_in":1000000001`:                             guessedLifetime, // a moment in 2001
		`"expires_at":"tomorrow"`:                             guessedLifetime,
		`"expires_at":"2020-01-01T00:00:00"`:                  guessedLifetime,
		`"expires_at":1577836800`:                             guessedLifetime,
		`"expires_in":-1,"expires_at":"2026-11-23T12:00:00Z"`: 2 * time.Hour,
		`"expires_in":60,"expires_at":"tomorrow"`:             time.Minute,
	} {
		for _, refresh := range []string{`"r"`, "null"} {
			a, ok := readAnswer(catalog.Entry{}, 200, []byte(`{"access_token":"a","refresh_token":`+refresh+`,`+body+`}`), testNow)
			if want == guessedLifetime && refresh == "null" {
				if !a.Never || a.renewable().ExpiresIn != want {
					t.Errorf("%s, nothing to renew it with: %+v", body, a)
				}
				continue
			}
			if !ok || a.ExpiresIn != want || a.Never != (want == 0) {
				t.Errorf("%s: %v, %s, never %v, want %s", body, ok, a.ExpiresIn, a.Never, want)
			}
		}
	}
}

// An answer to a refresh often repeats no refresh token: the old one stays, so it
// can be renewed all the same.
func TestARefreshedTokenOfUnclearLifetimeIsNotForEver(t *testing.T) {
	p := newRecord(t, answers(200, `{"access_token":"a","expires_in":"soon"}`))
	if a, err := refreshWith(t, testClient(t, testEntry(p.URL))); err != nil || a.Never || a.ExpiresIn != guessedLifetime || a.RefreshToken != "" {
		t.Errorf("%v %+v", err, a)
	}
}

// expires_in 0 and -1 were served as good for an hour.
func TestALifetimeOfNothingIsOverAtOnce(t *testing.T) {
	for _, in := range []string{"0", "-1", `"0"`, `"-1"`, "0.0", "-3600", `" 0 "`, "-0"} {
		for _, rules := range []catalog.TokenRules{{}, {ExpiresUnit: "ms"}} {
			t.Run(in+rules.ExpiresUnit, func(t *testing.T) {
				read := func(body string) Answer {
					a, ok := readAnswer(catalog.Entry{Tokens: rules}, 200, []byte(body), testNow)
					if !ok {
						t.Fatal("no answer")
					}
					return a
				}
				if a := read(`{"access_token":"a","refresh_token":"r","expires_in":` + in + `}`); a.Never || a.ExpiresIn != 0 {
					t.Errorf("lives %s, never expires %t", a.ExpiresIn, a.Never)
				}
				a := read(`{"access_token":"a","expires_in":` + in + `}`)
				if !a.Never {
					t.Errorf("nothing to renew it with, and it ends after %s", a.ExpiresIn)
				}
				if a = a.renewable(); a.Never || a.ExpiresIn != 0 {
					t.Errorf("after a refresh that repeats no refresh token it lives %s, never expires %t", a.ExpiresIn, a.Never)
				}
				if a := read(`{"access_token":"a","refresh_token":"r","expires_in":` + in + `,"expires_at":"2026-11-23T12:00:00Z"}`); a.ExpiresIn != 2*time.Hour {
					t.Errorf("beside a moment to come it lives %s", a.ExpiresIn)
				}
			})
		}
	}
}
