package browser

import (
	"slices"
	"strings"
	"testing"
)

func TestOnlyHTTPSAndThisMachineAreOpened(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://github.com/login/oauth/authorize?x=1&y=%22": true,
		"https://[2001:db8::1]/":                             true,
		"http://127.0.0.1:8080/callback":                     true,
		"http://127.8.0.1/":                                  true,
		"http://[::1]:8080/":                                 true,
		"http://localhost:8080/":                             true,
		"http://git.localhost/login":                         true,
		"http://localhost.example/":                          false,
		"http://example.org/":                                false,
		"http://127.0.0.1.example.org/":                      false,
		"http://127.0.0.1@example.org/":                      false,
		"https://user:pw@example.org/":                       false,
		"https:///etc/passwd":                                false,
		"https:example.org":                                  false,
		"file:///etc/passwd":                                 false,
		"javascript:alert(1)":                                false,
		"ms-settings:":                                       false,
		"-a":                                                 false,
		"":                                                   false,
		"https://example.org/\nhttps://b":                    false,
		"HTTPS://example.org/":                               true,
		"https://example.org/" + strings.Repeat("a", maxURL): false,
	} {
		if err := Check(url); (err == nil) != ok {
			t.Errorf("%.60q: %v", url, err)
		}
	}
}

func TestChildrenInheritNoSecrets(t *testing.T) {
	got := Environ([]string{"DISPLAY=:0", "AUTHTRAY_SOCKET=/s", "GH_TOKEN=x", "Db_Password=y", "XDG_RUNTIME_DIR=/run", "AWS_SECRET_ACCESS_KEY=z"})
	if want := []string{"DISPLAY=:0", "XDG_RUNTIME_DIR=/run"}; !slices.Equal(got, want) {
		t.Errorf("inherited %v", got)
	}
}
