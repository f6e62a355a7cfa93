package providers

import (
	"testing"
	"time"

	"github.com/authtray/authtray/providers/refusal"
)

func TestDeviceAnswerIsReadTolerantly(t *testing.T) {
	const page, full = "https://op.example/device", "https://op.example/device?user_code=WDJB-MJHT"
	for _, test := range []struct {
		name, body string
		want       deviceCode
		ok         bool
	}{
		{"RFC 8628", `{"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"` + page + `","verification_uri_complete":"` + full + `","expires_in":900,"interval":7}`,
			deviceCode{"d", "WDJB-MJHT", page, full, 7 * time.Second, 15 * time.Minute}, true},
		{"Google's name, numbers quoted", `{"device_code":"d","user_code":"A","verification_url":"` + page + `","expires_in":"60","interval":"1"}`,
			deviceCode{"d", "A", page, "", time.Second, time.Minute}, true},
		{"form encoded", "device_code=d&user_code=A&verification_uri=https%3A%2F%2Fop.example%2Fdevice&expires_in=60&interval=1",
			deviceCode{"d", "A", page, "", time.Second, time.Minute}, true},
		{"numbers missing", `{"device_code":"d","user_code":"A","verification_uri":"` + page + `"}`,
			deviceCode{"d", "A", page, "", defaultInterval, defaultDeviceLife}, true},
		{"numbers without sense", `{"device_code":"d","user_code":"A","verification_uri":"` + page + `","expires_in":1e300,"interval":-3}`,
			deviceCode{"d", "A", page, "", defaultInterval, maxDeviceLife}, true},
		{"an hour between polls", `{"device_code":"d","user_code":"A","verification_uri":"` + page + `","interval":3600,"expires_in":600}`,
			deviceCode{"d", "A", page, "", maxInterval, 10 * time.Minute}, true},
		{"a complete page that no browser may be sent to", `{"device_code":"d","user_code":"A","verification_uri":"` + page + `","verification_uri_complete":"javascript:alert(1)"}`,
			deviceCode{"d", "A", page, "", defaultInterval, defaultDeviceLife}, true},
		{"a user code with controls", `{"device_code":"d","user_code":"A\u001b[31m\u202eB","verification_uri":"` + page + `"}`,
			deviceCode{"d", "A[31mB", page, "", defaultInterval, defaultDeviceLife}, true},
		{"no code", `{"user_code":"A","verification_uri":"` + page + `"}`, deviceCode{}, false},
		{"no user code", `{"device_code":"d","verification_uri":"` + page + `"}`, deviceCode{}, false},
		{"no page", `{"device_code":"d","user_code":"A"}`, deviceCode{}, false},
		{"a page over plain http", `{"device_code":"d","user_code":"A","verification_uri":"http://op.example/device"}`, deviceCode{}, false},
		{"a page that is a file", `{"device_code":"d","user_code":"A","verification_uri":"file:///etc/passwd"}`, deviceCode{}, false},
		{"an error", `{"error":"device_flow_disabled"}`, deviceCode{}, false},
		{"a web page", `<html>`, deviceCode{}, false},
	} {
		got, ok := readDeviceCode(refusal.ParseBody([]byte(test.body)))
		if ok != test.ok || ok && got != test.want {
			t.Errorf("%s: got %+v, %v", test.name, got, ok)
		}
	}
}

func TestDevicePollTable(t *testing.T) {
	for _, test := range []struct {
		code  string
		class refusal.Class
		want  devicePoll
	}{
		{"authorization_pending", refusal.Transient, pollAgain},
		{"authorization_pending", refusal.Suspect, pollAgain},
		{"slow_down", refusal.Transient, pollSlower},
		{"access_denied", refusal.Suspect, pollDenied},
		{"authorization_declined", refusal.Suspect, pollDenied},
		{"expired_token", refusal.Suspect, pollExpired},
		{"code_expired", refusal.Suspect, pollExpired},
		{"bad_verification_code", refusal.Suspect, pollExpired},
		{"incorrect_device_code", refusal.Misconfigured, pollExpired},
		{"invalid_grant", refusal.Dead, pollExpired},
		{"network", refusal.Transient, pollAgain},
		{"timeout", refusal.Transient, pollAgain},
		{"not_oauth", refusal.Transient, pollAgain},
		{"server_error", refusal.Transient, pollAgain},
		{"invalid_client", refusal.Misconfigured, pollRefused},
		{"device_flow_disabled", refusal.Misconfigured, pollRefused},
		{"something_else", refusal.Suspect, pollRefused},
	} {
		if got := readDevicePoll(test.code, test.class); got != test.want {
			t.Errorf("%s (%v): got %v, want %v", test.code, test.class, got, test.want)
		}
	}
}

func TestSlowDownAddsFiveSecondsOrTakesTheIntervalGiven(t *testing.T) {
	for _, test := range []struct{ interval, given, want time.Duration }{
		{5 * time.Second, 0, 10 * time.Second},
		{10 * time.Second, 0, 15 * time.Second},
		{5 * time.Second, 10 * time.Second, 10 * time.Second},
		{5 * time.Second, 20 * time.Second, 20 * time.Second},
		{5 * time.Second, 5 * time.Second, 10 * time.Second},
		{5 * time.Second, time.Second, 10 * time.Second},
		{5 * time.Second, time.Hour, maxInterval},
		{maxInterval, 0, maxInterval},
	} {
		if got := slower(test.interval, test.given); got != test.want {
			t.Errorf("slower(%v, given %v) = %v, want %v", test.interval, test.given, got, test.want)
		}
	}
}
