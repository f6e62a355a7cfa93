package server

import (
	"errors"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	alive := grant{Current: "c", Previous: "p", RotatedAt: now.Add(-5 * time.Second)}
	ended := alive
	ended.Ended = endedByUser
	tests := []struct {
		name  string
		grant grant
		hash  string
		grace time.Duration
		want  error
	}{
		{"ended, current", ended, "c", 0, errDeadGrant},
		{"ended, in grace", ended, "p", time.Minute, errDeadGrant},
		{"current", alive, "c", 0, nil},
		{"previous without grace", alive, "p", 0, errReused},
		{"previous in grace", alive, "p", 6 * time.Second, nil},
		{"previous, its grace just over", alive, "p", 5 * time.Second, errReused},
		{"older, in grace", alive, "o", time.Minute, errReused},
	}
	for _, tt := range tests {
		if got := tt.grant.checkReuse(tt.hash, now, tt.grace); !errors.Is(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestNextStaysHere(t *testing.T) {
	tests := map[string]string{
		"/consent?id=1": "/consent?id=1", "": "/account", "//evil.example/": "/account", `/\evil.example`: "/account",
		"https://evil.example/": "/account", "consent": "/account",
	}
	for next, want := range tests {
		if got := here(next); got != want {
			t.Errorf("next=%q leads to %q, want %q", next, got, want)
		}
	}
}

func TestIssIsAddedOnlyToAnswersThatLeave(t *testing.T) {
	const issuer = "http://127.0.0.1:47820"
	tests := map[string]string{
		"http://127.0.0.1:1/callback?code=c&state=s": "http://127.0.0.1:1/callback?code=c&iss=http%3A%2F%2F127.0.0.1%3A47820&state=s",
		"http://127.0.0.1:1/callback?error=e":        "http://127.0.0.1:1/callback?error=e&iss=http%3A%2F%2F127.0.0.1%3A47820",
		"http://127.0.0.1:1/callback":                "http://127.0.0.1:1/callback",
		"/consent?code=1":                            "/consent?code=1",
		issuer + "/x?code=1":                         issuer + "/x?code=1",
	}
	for location, want := range tests {
		if got := addIss(location, issuer); got != want {
			t.Errorf("%s becomes %s", location, got)
		}
	}
}
