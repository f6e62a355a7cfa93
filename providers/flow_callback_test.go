package providers

import (
	"net/url"
	"strings"
	"testing"
)

func TestCallbackHoldsAStateAndEitherACodeOrAnError(t *testing.T) {
	for _, test := range []struct {
		query string
		want  callback
		err   error
	}{
		{"state=s&code=c", callback{state: "s", code: "c"}, nil},
		{"code=a%2Fb%3D&state=s&scope=x&session_state=y", callback{state: "s", code: "a/b="}, nil},
		{"state=s&error=access_denied", callback{state: "s", errorCode: "access_denied"}, nil},
		{"state=s&error=%3Cscript%3E", callback{state: "s", errorCode: "script"}, nil},
		{"state=s&code=c&iss=https%3A%2F%2Fop", callback{state: "s", code: "c", iss: "https://op", hasIss: true}, nil},
		{"state=s&code=c&iss=", callback{state: "s", code: "c", hasIss: true}, nil},
		{"", callback{}, errCallbackState},
		{"code=c", callback{}, errCallbackState},
		{"state=&code=c", callback{}, errCallbackState},
		{"state=s", callback{}, errCallbackEmpty},
		{"state=s&code=", callback{}, errCallbackEmpty},
		{"state=s&code=c&error=access_denied", callback{}, errCallbackEmpty},
		{"state=s&state=s&code=c", callback{}, errCallbackTwice},
		{"state=s&code=c&code=d", callback{}, errCallbackTwice},
		{"state=s&code=c&iss=a&iss=b", callback{}, errCallbackTwice},
		{"state=s&code=%zz", callback{}, errCallbackShape},
		{"state=s;code=c", callback{}, errCallbackShape},
	} {
		got, err := parseCallback(test.query)
		got.rawQuery = "" // the query again
		if err != test.err || got != test.want {
			t.Errorf("%q: got %+v, %v; want %+v, %v", test.query, got, err, test.want, test.err)
		}
	}
}

// FuzzCallback: nothing that a browser sends makes the parser accept an answer
// without a state, with both or none of code and error, or with an error text
// that is not safe to show.
func FuzzCallback(f *testing.F) {
	for _, seed := range []string{
		"state=s&code=c", "state=s&error=access_denied&error_description=%3Cb%3E", "state=s&code=c&iss=https://op.example",
		"state=s&state=t&code=c", "code=c", "", "&&&=", "state=%00&code=%ff", "state=s&code=c#_=_", "state=s&error=\u202e", "state=s;code=c",
		"state=" + strings.Repeat("a", 5000) + "&code=" + strings.Repeat("b", 5000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := parseCallback(query)
		if err != nil {
			if got != (callback{}) {
				t.Fatalf("%q: an answer beside the error %v", query, err)
			}
			return
		}
		if got.state == "" || (got.code == "") == (got.errorCode == "") {
			t.Fatalf("%q was taken for an answer: %+v", query, got)
		}
		if strings.Trim(got.errorCode, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" || len(got.errorCode) > 64 {
			t.Fatalf("%q: error code %q is not safe", query, got.errorCode)
		}
		if q, _ := url.ParseQuery(query); len(q["state"]) != 1 || q.Get("state") != got.state {
			t.Fatalf("%q: state %q", query, got.state)
		}
	})
}

func TestIssuerIsComparedWheneverPresentAndRequiredWhenAnnounced(t *testing.T) {
	exact := issuerRule{issuer: "https://op.example"}
	announced := issuerRule{issuer: "https://op.example", required: true}
	tenant := issuerRule{issuer: "https://login.example/common/v2.0", match: "template"}
	unknown := issuerRule{hosts: []string{"www.git.example", "api.git.example"}}
	for _, test := range []struct {
		name    string
		rule    issuerRule
		iss     string
		present bool
		want    bool
	}{
		{"absent, not announced", exact, "", false, true},
		{"absent, announced", announced, "", false, false},
		{"the same", exact, "https://op.example", true, true},
		{"the same, announced", announced, "https://op.example", true, true},
		{"another", exact, "https://evil.example", true, false},
		{"empty is not absent", exact, "", true, false},
		{"a slash more", exact, "https://op.example/", true, false},
		{"another case", exact, "https://OP.example", true, false},
		{"a tenant", tenant, "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", true, true},
		{"no tenant", tenant, "https://login.example//v2.0", true, false},
		{"two segments for a tenant", tenant, "https://login.example/a/b/v2.0", true, false},
		{"dots for a tenant", tenant, "https://login.example/../v2.0", true, false},
		{"a tenant elsewhere", tenant, "https://evil.example/9188040d/v2.0", true, false},
		{"template without its rule", issuerRule{issuer: tenant.issuer}, "https://login.example/9188040d/v2.0", true, false},
		{"unknown issuer: own host", unknown, "https://www.git.example/login/oauth", true, true},
		{"unknown issuer: host above", unknown, "https://git.example", true, true},
		{"unknown issuer: host below", unknown, "https://auth.api.git.example", true, true},
		{"unknown issuer: another host", unknown, "https://op.example", true, false},
		{"unknown issuer: only the ending is the same", unknown, "https://agit.example", true, false},
		{"unknown issuer: a bare top level", unknown, "https://example", true, false},
		{"unknown issuer: not a URL", unknown, "www.git.example", true, false},
		{"unknown issuer: absent", unknown, "", false, true},
	} {
		if got := test.rule.allows(test.iss, test.present); got != test.want {
			t.Errorf("%s: %q allowed is %v, want %v", test.name, test.iss, got, test.want)
		}
	}
}

func TestAnEmptySecretMatchesNothing(t *testing.T) {
	if sameSecret("", "") || sameSecret("", "a") || sameSecret("a", "") || sameSecret("a", "b") || sameSecret("ab", "a") {
		t.Error("different or empty secrets are the same")
	}
	if !sameSecret("abc", "abc") {
		t.Error("a secret differs from itself")
	}
}
