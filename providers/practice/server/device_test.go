package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
)

// device begins RFC 8628 for the public client.
func device(t *testing.T, p *practicetest.Provider) (deviceCode, complete string) {
	t.Helper()
	resp, err := http.PostForm(p.Issuer+"/device_authorization", url.Values{"client_id": {server.PublicClient}, "scope": {"openid offline_access"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var d struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		URI        string `json:"verification_uri"`
		Complete   string `json:"verification_uri_complete"`
		ExpiresIn  int    `json:"expires_in"`
		Interval   int    `json:"interval"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	if d.URI != p.Issuer+"/device" || len(d.UserCode) != 9 || d.ExpiresIn != 600 || d.Interval != 5 {
		t.Fatalf("device answer: %s, %s, %d, %d", d.URI, d.UserCode, d.ExpiresIn, d.Interval)
	}
	return d.DeviceCode, d.Complete
}

func poll(t *testing.T, p *practicetest.Provider, deviceCode string) practicetest.Answer {
	t.Helper()
	a, err := p.Token(t.Context(), url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {server.PublicClient}, "device_code": {deviceCode},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func wantError(t *testing.T, a practicetest.Answer, want string) {
	t.Helper()
	if a.Status != 400 || a.Error != want {
		t.Errorf("answered %d %q, want 400 %q", a.Status, a.Error, want)
	}
}

func TestDeviceFlow(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now})
	code, complete := device(t, p)
	wantError(t, poll(t, p, code), "authorization_pending")
	wantError(t, poll(t, p, code), "slow_down")
	if err := practicetest.ApproveDevice(t.Context(), complete, "grace"); err != nil {
		t.Fatal(err)
	}
	c.pass(5 * time.Second)
	a := poll(t, p, code)
	if a.Status != 200 || a.RefreshToken == "" || *a.ExpiresIn != 60 || p.Grants()[0].User != "grace" {
		t.Fatalf("an approved device is answered %d %q", a.Status, a.Error)
	}
	wantStatus(t, api(t, p, "/api/notes", a.AccessToken), 200)
	c.pass(5 * time.Second)
	wantError(t, poll(t, p, code), "invalid_grant")
}

func TestDeviceFlowEndsOtherwise(t *testing.T) {
	c := newClock()
	p := practicetest.Start(t, server.Options{Now: c.now})
	denied, complete := device(t, p)
	if err := practicetest.DenyDevice(t.Context(), complete, "ada"); err != nil {
		t.Fatal(err)
	}
	wantError(t, poll(t, p, denied), "access_denied")
	forgotten, _ := device(t, p)
	c.pass(10 * time.Minute)
	wantError(t, poll(t, p, forgotten), "expired_token")
	wantError(t, poll(t, p, "nonsense"), "invalid_grant")
	if err := practicetest.ApproveDevice(t.Context(), p.Issuer+"/device?user_code=XXXX-XXXX", "ada"); err == nil {
		t.Error("an unknown code was approved")
	}
}
