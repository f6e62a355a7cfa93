package tokens

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens/store"
)

var readOnly = Want{Scopes: []string{"read"}}

// token of r for a want, and its scopes.
func (r *rig) less(w Want) Token {
	r.t.Helper()
	tok, err := r.ask(w)
	if err != nil {
		r.t.Fatalf("no token for less: %v", err)
	}
	return tok
}

// A rejected token for "read" was answered with the one for "read write", and
// "--scope read" went on to print the rejected one.
func TestARejectedTokenForLessIsAnsweredWithANewOneForAsMuch(t *testing.T) {
	for name, want := range map[string]Want{
		"scope": readOnly, "resource": {Resource: "https://r.example"}, "both": {Scopes: []string{"read"}, Resource: "https://r.example"},
	} {
		for _, keeps := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, keeps the refresh token: %t", name, keeps), func(t *testing.T) {
				inBubble(t, time.Hour, func(t *testing.T, r *rig) {
					r.provider.narrowKeeps = keeps
					r.adopt("read", "write")
					own, bad := r.token(), r.less(want)
					hits := r.provider.count()
					tok, err := r.reject(bad.AccessToken)
					if err != nil || tok.AccessToken == bad.AccessToken || tok.AccessToken == own || !slices.Equal(tok.Scopes, bad.Scopes) {
						t.Fatalf("got %s for %q (%v); the rejected one is %s, the grant's own %s", tok.AccessToken, tok.Scopes, err, bad.AccessToken, own)
					}
					r.wantHits(hits + 1)
					if again := r.less(want); again.AccessToken != tok.AccessToken {
						t.Errorf("asked for, %s is handed out", again.AccessToken)
					}
					if late, err := r.reject(bad.AccessToken); err != nil || late.AccessToken != tok.AccessToken {
						t.Errorf("who says it later gets %s, %v", late.AccessToken, err)
					}
					_, err = r.reject(tok.AccessToken)
					r.wantCode(err, CodeRejectedAgain)
					if e := err.(*Error); e.RetryAt.Sub(r.clock.Now()) != 5*time.Minute {
						t.Errorf("believed again in %s", e.RetryAt.Sub(r.clock.Now()))
					}
					r.wantHits(hits + 1)
					r.pass(5 * time.Minute)
					if tok, err = r.reject(tok.AccessToken); err != nil || tok.AccessToken == own || !slices.Equal(tok.Scopes, bad.Scopes) {
						t.Errorf("much later: %s for %q, %v", tok.AccessToken, tok.Scopes, err)
					}
					r.wantHits(hits + 2)
					if r.token() != own {
						t.Error("the grant's own token became another one")
					}
				})
			})
		}
	}
}

func TestARejectedTokenForLessIsNeverAnsweredWithTheGrantsOwn(t *testing.T) {
	var lost = &refusal.Failure{Class: refusal.Transient, Code: "network", Lost: true}
	for name, happens := range map[string]func(r *rig){
		"refused":                             func(r *rig) { r.refuseLess(failure(refusal.Misconfigured, "invalid_scope")) },
		"refused as dead":                     func(r *rig) { r.refuseLess(failure(refusal.Dead, "invalid_grant")) },
		"in trouble":                          func(r *rig) { r.refuseLess(failure(refusal.Transient, "server_error")) },
		"answers lost":                        func(r *rig) { r.provider.with(func() { r.provider.always = lost }) },
		"out of reach":                        func(r *rig) { r.provider.with(func() { r.provider.always = failure(refusal.Transient, "network") }) },
		"not narrowed any more":               func(r *rig) { r.provider.with(func() { r.provider.ignores = []string{"read", "write"} }) },
		"not stated any more":                 func(r *rig) { r.provider.with(func() { r.provider.unstated = true }) },
		"the grant renewed":                   func(r *rig) { r.m.Refresh(r.t.Context(), "work") },
		"the token over":                      func(r *rig) { r.pass(2 * time.Hour) },
		"forgotten for others":                func(r *rig) { r.crowd(3 * maxNarrow) },
		"connected anew":                      func(r *rig) { r.adopt("read", "write") },
		"another process":                     func(r *rig) { r.restart() },
		"killed":                              func(r *rig) { r.kill(); r.start() },
		"connected anew, and another process": func(r *rig) { r.adopt("read", "write"); r.restart() },
		"renewed, and another process":        func(r *rig) { r.m.Refresh(r.t.Context(), "work"); r.restart() },
		"many others, and another process":    func(r *rig) { r.crowd(3 * maxNarrow); r.restart() },
		"another process, connected before it has read the record": func(r *rig) {
			r.store.slowGet = 3 * time.Second
			r.restart()
			r.adopt("read", "write")
			r.restart()
			r.pass(time.Minute)
		},
		"dead, another process and a sign-in": func(r *rig) {
			r.provider.with(func() { r.provider.always = failure(refusal.Dead, "invalid_grant") })
			r.m.Refresh(r.t.Context(), "work")
			r.restart()
			r.provider.with(func() { r.provider.always = nil })
			r.adopt("read", "write")
		},
		"the keychain is locked": func(r *rig) { r.store.fail(fmt.Errorf("locked")) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.adopt("read", "write")
				bad := r.less(readOnly).AccessToken
				happens(r)
				for range 20 {
					if tok, err := r.reject(bad); err == nil && (tok.AccessToken == bad || !slices.Equal(tok.Scopes, readOnly.Scopes)) {
						t.Fatalf("got %s for %q", tok.AccessToken, tok.Scopes)
					}
					r.pass(11 * time.Second)
				}
			})
		})
	}
}

// What nobody knows to be for less after a crash is handed to nobody.
func TestATokenForLessIsHandedOutOnceTheKeychainHasThatItIs(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprintf("keeps the refresh token: %t", keeps), func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				r.provider.narrowKeeps = keeps
				r.adopt("read", "write")
				r.store.failSet(store.ErrUnavailable)
				_, err := r.ask(readOnly)
				r.wantCode(err, CodeKeychainLocked)
				r.token()
				r.store.failSet(nil)
				r.pass(time.Minute)
				bad := r.less(readOnly).AccessToken
				r.kill()
				r.start()
				if tok, err := r.reject(bad); err == nil && !slices.Equal(tok.Scopes, readOnly.Scopes) {
					t.Errorf("got %s for %q", tok.AccessToken, tok.Scopes)
				}
			})
		})
	}
}

func TestTheRecordSaysOfABoundedNumberOfTokensWhatTheyWereFor(t *testing.T) {
	var all []given
	for i := range 3 * maxGiven {
		for j := range 2 * maxSums {
			all = withGiven(all, Want{Scopes: []string{fmt.Sprintf("https://api.example/auth/scope-%d", i)}}, fmt.Sprint("access-", i, "-", j))
		}
	}
	m := &machine{given: all}
	for token, want := range map[string]bool{"access-383-127": true, "access-383-64": true, "access-256-127": true, "access-383-63": false, "access-255-127": false} {
		if _, is := m.wasNarrow(token); is != want {
			t.Errorf("%s: %t", token, is)
		}
	}
	g := &Grant{Version: recordVersion, Generation: 1, AccessToken: strings.Repeat("a", 4096), RefreshToken: strings.Repeat("r", 4096), Given: all}
	b, err := g.encode()
	if err != nil || len(b) > store.MaxValue || strings.Contains(string(b), "access-383") {
		t.Errorf("a record of %d bytes, %v", len(b), err)
	}
	if back, err := decodeGrant(b); err != nil || !reflect.DeepEqual(back, g) {
		t.Errorf("read back otherwise, %v", err)
	}
}

// TestARecordOfLongScopesFitsItsStore: a caller may repeat a scope, and name many.
func TestARecordOfLongScopesFitsItsStore(t *testing.T) {
	var all []given
	for i := range maxGiven {
		scopes := []string{"repo", "repo"}
		for j := range 300 {
			scopes = append(scopes, fmt.Sprintf("https://api.example/%d-%d", i, j))
		}
		all = withGiven(all, Want{Scopes: scopes}, fmt.Sprint("access-", i))
		all = withGiven(all, Want{Scopes: append(scopes, "repo")}, fmt.Sprint("again-", i))
	}
	m := &machine{given: all}
	for token, want := range map[string]bool{"access-127": true, "again-127": true, "access-0": false} {
		if _, is := m.wasNarrow(token); is != want {
			t.Errorf("%s: %t", token, is)
		}
	}
	g := &Grant{Version: recordVersion, Generation: 1, AccessToken: strings.Repeat("a", 4096), RefreshToken: strings.Repeat("r", 4096), Given: all}
	if b, err := g.encode(); err != nil || len(b) > store.MaxValue {
		t.Errorf("a record of %d bytes, %v", len(b), err)
	}
}

// crowd asks for that many different tokens for less, as fast as it may.
func (r *rig) crowd(n int) {
	for i := range n {
		for {
			_, err := r.ask(Want{Scopes: []string{fmt.Sprint("scope-", i)}})
			if err == nil {
				break
			}
			r.wantCode(err, CodeTemporarilyUnavailable)
			r.pass(10 * time.Second)
		}
	}
}

func TestManyToolsThatRejectOneTokenForLessMakeOneRequest(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 3 * time.Second })
		bad := r.less(readOnly).AccessToken
		hits := r.provider.count()
		got := make(chan string, 64)
		for range cap(got) {
			go func() { tok, _ := r.reject(bad); got <- tok.AccessToken }()
		}
		for range cap(got) {
			if tok := <-got; tok != "access-3" {
				t.Fatalf("got %q", tok)
			}
		}
		r.wantHits(hits + 1)
	})
}

// 300 scopes were 300 token requests in 22 seconds.
func TestNewTokensForLessAreRationed(t *testing.T) {
	for name, want := range map[string]func(i int) Want{
		"scopes":    func(i int) Want { return Want{Scopes: []string{fmt.Sprint("scope-", i)}} },
		"resources": func(i int) Want { return Want{Resource: fmt.Sprint("https://r.example/", i)} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, time.Hour, func(t *testing.T, r *rig) {
				told := 0
				for i := range 300 {
					if _, err := r.askWithin(time.Millisecond, want(i)); err != nil {
						r.wantCode(err, CodeTemporarilyUnavailable)
						if e := err.(*Error); e.RetryAt.Before(r.clock.Now()) || e.RetryAt.Sub(r.clock.Now()) > narrowWindow || !strings.Contains(e.Detail, "connection itself is fine") {
							t.Fatalf("told %+v", e)
						}
						told++
					}
				}
				r.wantHits(maxNewNarrow)
				if told != 300-maxNewNarrow {
					t.Errorf("%d were put off", told)
				}
				if tok := r.less(want(3)); tok.AccessToken != "access-5" { // one that is had
					t.Errorf("got %s", tok.AccessToken)
				}
				r.token()
				r.pass(narrowWindow)
				r.less(want(299))
				r.wantHits(maxNewNarrow + 1)
			})
		})
	}
}

// Who has the time waits until it is its turn.
func TestATokenForLessThatMustWaitIsWaitedFor(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		for i := range maxNewNarrow {
			r.less(Want{Scopes: []string{fmt.Sprint("scope-", i)}})
		}
		r.pass(narrowWindow - 20*time.Second)
		before := time.Now()
		r.less(readOnly)
		if waited := time.Since(before); waited != 20*time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}

// A tool with many scopes throws out the one that was asked for longest ago, not all.
func TestTheTokenForLessThatWasAskedForLongestAgoMakesRoom(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		of := func(i int) Want { return Want{Scopes: []string{fmt.Sprint("scope-", i)}} }
		tokens := map[int]string{}
		for i := range maxNarrow {
			r.pass(narrowWindow / maxNewNarrow)
			tokens[i] = r.less(of(i)).AccessToken
		}
		r.less(of(0)) // …and so 1 is the oldest
		r.pass(narrowWindow)
		r.less(of(maxNarrow))
		hits := r.provider.count()
		for i := range maxNarrow {
			if i != 1 && r.less(of(i)).AccessToken != tokens[i] {
				t.Errorf("number %d is another one", i)
			}
		}
		r.wantHits(hits)
		r.less(of(1))
		r.wantHits(hits + 1)
	})
}

// A tool asked for "read" where the answer stated no scope got a token that wrote a file.
func TestATokenForLessOfWhichNothingIsStatedIsHandedToNobodyUnlessItShowsIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		shows []string
		code  Code // "": it is handed out
	}{
		{"nothing", nil, CodeBadRequest},
		{"what was asked for", []string{"read"}, ""},
		{"all of the grant", []string{"read", "write"}, CodeBadRequest},
		{"all of the grant and more", []string{"write", "openid", "read"}, CodeBadRequest},
	} {
		for _, keeps := range []bool{false, true} {
			t.Run(fmt.Sprintf("it shows %s, keeps the refresh token: %t", c.name, keeps), func(t *testing.T) {
				inBubble(t, time.Hour, func(t *testing.T, r *rig) {
					r.adopt("read", "write")
					r.provider.with(func() { r.provider.unstated, r.provider.shows, r.provider.narrowKeeps = true, c.shows, keeps })
					own := r.token()
					for range 10 {
						tok, err := r.ask(readOnly)
						if c.code == "" {
							if err != nil || tok.AccessToken == own || !slices.Equal(tok.Scopes, c.shows) {
								t.Fatalf("got %s for %q, %v", tok.AccessToken, tok.Scopes, err)
							}
						} else {
							r.wantCode(err, c.code)
							if e := err.(*Error); e.Hint != "authtray token work" {
								t.Errorf("hint %q", e.Hint)
							}
						}
						r.pass(time.Minute)
					}
					if n := r.provider.count(); n != 1 { // it does not do for the next ten minutes what it cannot do
						t.Errorf("%d requests", n)
					}
					if r.provider.proofs != 1 {
						t.Errorf("asked %d times what the token may do", r.provider.proofs)
					}
					r.wantUntouched()
					r.restart()
					r.wantUntouched()
				})
			})
		}
	}
}

// A resource is no scope: there is nothing to show.
func TestATokenForAResourceNeedsNoScopes(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.unstated = true })
		r.less(Want{Resource: "https://r.example"})
		if r.provider.proofs != 0 {
			t.Error("it was asked what the token may do")
		}
	})
}

func TestAProviderThatNeverNarrowsIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, time.Hour)
		r.entry.Tokens.NeverNarrows = true
		r.start()
		defer r.quit()
		r.adopt("read", "write")
		_, err := r.ask(readOnly)
		r.wantCode(err, CodeBadRequest)
		if e := err.(*Error); !strings.HasPrefix(e.Detail, "Provider gives no token for less than the connection's own") || e.Hint != "authtray token work" {
			t.Errorf("told %+v", e)
		}
		r.wantHits(0)
		if tok := r.less(Want{Scopes: []string{"write", "read"}}); tok.AccessToken != r.token() {
			t.Error("all of its scopes are not the grant's own token")
		}
		r.less(Want{Resource: "https://r.example"})
	})
}

// What is under way when a new grant comes belongs to the old one.
func TestScopesThatAreToldTooLateChangeNothing(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	m := newMachine(now, policy{provider: "P"}, nil, func() float64 { return .5 })
	m.recordRead(now, &Grant{Generation: 1, AccessToken: "a1", RefreshToken: "r1", ObtainedAt: now, ExpiresAt: now.Add(time.Hour)}, nil)
	m.start(now, readOnly)
	m.storeChecked(now, nil)
	answer := rigAnswer(now)
	m.answered(now, 1, answer, nil)
	m.saved(now, 2, nil)
	if m.busy != proving {
		t.Fatalf("phase %d", m.busy)
	}
	m.connect(now, &Grant{Generation: 3, AccessToken: "a2", RefreshToken: "r2", ObtainedAt: now, ExpiresAt: now.Add(time.Hour)})
	m.proven(answer.AccessToken, []string{"read"})
	if len(m.narrow) != 0 || m.busy != saving {
		t.Errorf("%d tokens for less, phase %d", len(m.narrow), m.busy)
	}
}

// Which tokens of an earlier process were for less only the record tells. While it cannot
// be read, nobody who reports one is given the token of a sign-in made meanwhile.
func TestATokenForLessIsKnownOnceTheRecordIsRead(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	grant := func(generation uint64, access string) *Grant {
		return &Grant{Version: recordVersion, Generation: generation, AccessToken: access, RefreshToken: "r", Scopes: []string{"read", "write"}, ObtainedAt: now, ExpiresAt: now.Add(time.Hour)}
	}
	before := grant(1, "a1")
	before.Given = withGiven(nil, readOnly, "less-of-before")
	m := newMachine(now, policy{name: "work", provider: "P"}, nil, func() float64 { return .5 })
	m.recordRead(now, nil, store.ErrLocked)
	m.connect(now, grant(2, "a2"))
	m.saved(now, 2, store.ErrLocked)
	for _, token := range []string{"less-of-before", "a1"} {
		if r := m.rejected(now, token); r.token != nil || r.err == nil || r.err.Code != CodeKeychainLocked || r.wait {
			t.Errorf("%s is answered with %+v", token, r)
		}
	}
	m.recordRead(now.Add(time.Minute), before, nil)
	if r := m.rejected(now.Add(time.Minute), "less-of-before"); r.token != nil || !r.wait || !slices.Equal(m.request.want.Scopes, readOnly.Scopes) {
		t.Errorf("with the record read it is answered with %+v, and the request is for %v", r, m.request.want)
	}
}

// A grant that is written over a record which could not be read before says at once which
// tokens were for less: the process may end before the next write.
func TestTheFirstWriteOverAnUnreadRecordKeepsWhatItKnew(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.adopt("read", "write")
		less := r.less(readOnly).AccessToken
		r.store.fail(store.ErrLocked)
		r.restart()
		r.store.mu.Lock()
		r.store.err = nil // it opens, and nobody is told
		r.store.took, r.store.errs = []time.Duration{0, 0}, []error{nil, store.ErrUnavailable}
		r.store.mu.Unlock()
		before := r.stored()
		r.adopt("read", "write")
		kept := r.stored()
		if kept.AccessToken == before.AccessToken {
			t.Fatal("nothing was written")
		}
		if _, is := (&machine{given: kept.Given}).wasNarrow(less); !is {
			t.Error("the store no longer knows that the token of before was for less")
		}
	})
}

// A caller that gives up while the provider is asked what a token may do cancels nothing.
func TestACallerThatGivesUpOnATokenForLessCancelsNothing(t *testing.T) {
	inBubble(t, time.Hour, func(t *testing.T, r *rig) {
		r.provider.with(func() { r.provider.slow = 5 * time.Second })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.m.Token(ctx, "work", readOnly)
		r.wantCode(err, CodeTimeout)
		if tok := r.less(readOnly); tok.AccessToken != "access-2" {
			t.Errorf("got %s", tok.AccessToken)
		}
		r.wantHits(1)
	})
}

// A provider that says when to come again means each request to its token endpoint.
func TestATokenForLessIsNotAskedForAgainstRetryAfter(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.adopt("read", "write")
		limit := &refusal.Failure{Class: refusal.Transient, Code: "http_429", Status: 429, RetryAfter: 10 * time.Minute, Detail: "Slow down."}
		r.provider.with(func() { r.provider.always = limit })
		for range 9 * 60 {
			_, err := r.askWithin(time.Millisecond, readOnly)
			r.wantCode(err, CodeTemporarilyUnavailable)
			r.pass(time.Second)
		}
		r.wantHits(1)
	})
}

// From a network that the provider refuses, that is what it does: it may well give less.
func TestATokenForLessThatAPassingPolicyRefusesIsSaidToBeThat(t *testing.T) {
	inBubble(t, 24*time.Hour, func(t *testing.T, r *rig) {
		r.adopt("read", "write")
		policy := failure(refusal.RefusedForNow, "invalid_grant")
		policy.Detail = "Provider refuses renewals from this network."
		r.provider.with(func() { r.provider.always = policy })
		_, err := r.ask(readOnly)
		r.wantCode(err, CodeTemporarilyUnavailable)
		if e := err.(*Error); !strings.Contains(e.Detail, "from this network") {
			t.Errorf("told %q", e.Detail)
		}
	})
}
