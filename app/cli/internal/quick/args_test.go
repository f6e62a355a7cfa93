package quick

import (
	"slices"
	"strings"
	"testing"

	"github.com/authtray/authtray/app/version"
)

func TestVersionIsToldWhereTheLinkerWasToldIt(t *testing.T) {
	defer func(n, c string) { version.Number, version.Commit = n, c }(version.Number, version.Commit)
	version.Number, version.Commit = "1.2.3", "0123456789ab"
	for _, args := range [][]string{{"authtray"}, {"authtray", "version", "--help"}, {"authtray", "--version"}} {
		if _, ok := told(args); ok {
			t.Errorf("%q is taken", args)
		}
	}
	text, ok := told([]string{"authtray", "version"})
	if want := version.Linked().Text(); !ok || text != want || !strings.HasPrefix(text, "authtray 1.2.3 (go") || !strings.HasSuffix(text, "\ncommit 0123456789ab of an unknown day\n") {
		t.Errorf("%q, want %q", text, want)
	}
	version.Commit = ""
	if _, ok := told([]string{"authtray", "version"}); ok {
		t.Error("it is taken where the go command knows more")
	}
}

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
		{[]string{"token", "work", "--format", "json"}, "/v1/connections/work/token"},
		{[]string{"token", "work", "--format", "env"}, ""},
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
		got, _, ok := Target(append([]string{"authtray"}, c.args...))
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

func TestToolsAndStatusAskInOneRequest(t *testing.T) {
	git := question{method: "POST", target: "/v1/helpers/git", accept: asText, stdin: true, untilBlank: true, mayBeEmpty: true}
	for _, c := range []struct {
		args string
		info string // KUBERNETES_EXEC_INFO
		want question
	}{
		{"authtray helper git get", "", git},
		{"/usr/bin/git-credential-authtray get", "", git},
		{"authtray helper git store", "", question{}},
		{"authtray helper git get more", "", question{}},
		{"authtray helper docker get", "", question{method: "POST", target: "/v1/helpers/docker", accept: asText, stdin: true}},
		{"docker-credential-authtray list", "", question{}},
		{"authtray helper kubectl work", "", question{method: "POST", target: "/v1/helpers/kubectl/work", accept: asText, body: "client.authentication.k8s.io/v1beta1"}},
		{"authtray helper kubectl work", `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":true}}`,
			question{method: "POST", target: "/v1/helpers/kubectl/work", accept: asText, body: "client.authentication.k8s.io/v1"}},
		{"authtray helper kubectl work", `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v9","spec":{}}`, question{}},
		{"authtray helper kubectl work", `{ "apiVersion": "client.authentication.k8s.io/v1" }`, question{}},
		{"authtray helper kubectl ../quit", "", question{}},
		{"authtray helper kubectl --help", "", question{}},
		{"authtray status", "", question{method: "GET", target: "/v1/connections", accept: asText}},
		{"authtray status work", "", question{}},
		{"authtray token work --format=json", "", question{method: "GET", target: "/v1/connections/work/token", accept: asJSON}},
		{"", "", question{}},
	} {
		t.Setenv("KUBERNETES_EXEC_INFO", c.info)
		if got, ok := questionOf(strings.Fields(c.args)); ok != (c.want != question{}) || ok && got != c.want {
			t.Errorf("%s, %s: %+v, %v", c.args, c.info, got, ok)
		}
	}
}
