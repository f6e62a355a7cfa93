package quick

import (
	"slices"
	"testing"
)

func TestOnlyPlainTokenCommandsAreTaken(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string // "": left to the ordinary command
	}{
		{[]string{"token", "work"}, "/v1/connections/work/token"},
		{[]string{"token", "a.b-c_9"}, "/v1/connections/a.b-c_9/token"},
		{[]string{"token", "work", "--min-valid", "60s"}, "/v1/connections/work/token?min_valid=60s"},
		{[]string{"token", "--min-valid=5m", "work"}, "/v1/connections/work/token?min_valid=5m"},
		{[]string{"token", "work", "--min-valid", "60s", "--min-valid=0s"}, "/v1/connections/work/token?min_valid=0s"},
		{[]string{"token", "work", "--format", "raw", "--min-valid=9h"}, "/v1/connections/work/token?min_valid=9h"},
		{[]string{"token", "company"}, "/v1/connections/company/token"},
		{[]string{"token"}, ""},
		{[]string{"token", "", "work"}, ""},
		{[]string{"token", "nul"}, ""},
		{[]string{"token", "com1.x"}, ""},
		{[]string{"token", "work", "--scope", "read"}, ""},
		{[]string{"token", "work", "--resource="}, ""},
		{[]string{"token", "work", "--min-valid-too=60s"}, ""},
		{[]string{"token", ""}, ""},
		{[]string{"token", "--help"}, ""},
		{[]string{"token", "work", "play"}, ""},
		{[]string{"token", "work", "--format", "json"}, ""},
		{[]string{"token", "work", "--min-valid"}, ""},
		{[]string{"token", "work", "--min-valid="}, ""},
		{[]string{"token", "work", "--min-valid", "1h30m"}, ""},
		{[]string{"token", "work", "--min-valid", "s"}, ""},
		{[]string{"token", "work", "--min-valid", "-5s"}, ""},
		{[]string{"token", "../quit"}, ""},
		{[]string{"token", "work/../../quit"}, ""},
		{[]string{"token", "Work"}, ""},
		{[]string{"status", "work"}, ""},
		{[]string{"-test.v", "token", "work"}, ""},
	} {
		got, ok := Target(append([]string{"authtray"}, c.args...))
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%q: %q, %v; want %q", c.args, got, ok, c.want)
		}
	}
}

func TestArgumentsAreCutAtTheirZeroBytes(t *testing.T) {
	got := split([]byte("authtray\x00token\x00\x00work\x00"))
	if want := []string{"authtray", "token", "", "work"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
