package packages

import (
	"encoding/json"
	"os/exec"
	"testing"
)

func TestClientDocumentOfAReleaseNamesItsURL(t *testing.T) {
	const script = "../../../assets/packaging/client-document"
	const at = "https://authtray.example/oauth/client.json"
	out, err := exec.Command(script, at).Output()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		ClientID  string   `json:"client_id"`
		Redirects []string `json:"redirect_uris"`
	}
	if err := json.Unmarshal(out, &document); err != nil || document.ClientID != at || len(document.Redirects) == 0 {
		t.Errorf("%v: %s", err, out)
	}
	for _, wrong := range []string{"", "http://authtray.example/client.json", "https://authtray.example", "https://authtray.example/c.json?x=1", "https://a@b/c", "https://a/b|c"} {
		if out, err := exec.Command(script, wrong).Output(); err == nil {
			t.Errorf("%q is taken: %s", wrong, out)
		}
	}
}
