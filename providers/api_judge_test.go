package providers

import "testing"

func TestWhichAnswersMustBeReadToTellARejection(t *testing.T) {
	for _, c := range []struct {
		dead   []string
		status int
		want   bool
	}{
		{nil, 200, false},
		{nil, 401, false},
		{[]string{"401"}, 401, false},
		{[]string{"401", "200 ok=false error=token_expired"}, 200, true},
		{[]string{"401", "200 ok=false error=token_expired"}, 401, false},
		{[]string{"401", "200 ok=false error=token_expired"}, 206, false},
		{[]string{"403 err=Token expired"}, 403, true},
		{[]string{"* token_expired"}, 204, true},
		{[]string{"4xx"}, 404, false},
	} {
		e := testEntry("https://acme.example")
		e.API.Dead = c.dead
		if got := testClient(t, e).RejectedNeedsBody(c.status); got != c.want {
			t.Errorf("%q, %d: %t", c.dead, c.status, got)
		}
	}
}
