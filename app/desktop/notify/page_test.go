package notify

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPageActsOnceAndOnlyByItsButton(t *testing.T) {
	var p page
	defer p.withdraw("gh")
	presses := 0
	url, err := p.offer("gh", "GitHub <needs> you", func() { presses++ })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // scanners look ahead
		status, body := request(t, "GET", url, nil)
		if status != 200 || !strings.Contains(body, "<button>Reconnect") || !strings.Contains(body, "GitHub &lt;needs&gt; you") {
			t.Errorf("%d %s", status, body)
		}
	}
	if presses != 0 {
		t.Fatal("looking at the page acted")
	}
	if status, _ := request(t, "POST", url, nil); status != 200 || presses != 1 {
		t.Errorf("status %d, pressed %d times", status, presses)
	}
	if status, _ := request(t, "POST", url, nil); status != 410 || presses != 1 {
		t.Errorf("a second time: status %d, pressed %d times", status, presses)
	}
	if status, body := request(t, "GET", url, nil); status != 410 || strings.Contains(body, "<button>") {
		t.Errorf("afterwards: %d %s", status, body)
	}
}

func TestPageRefusesOtherSites(t *testing.T) {
	var p page
	defer p.withdraw("gh")
	url, err := p.offer("gh", "GitHub", func() { t.Error("acted") })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []func(*http.Request){
		func(r *http.Request) { r.Host = "evil.example" },
		func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		func(r *http.Request) { r.Header.Set("Origin", "null") },
	} {
		if status, _ := request(t, "POST", url, c); status != 403 {
			t.Errorf("status %d", status)
		}
	}
	if status, _ := request(t, "POST", url[:len(url)-1]+"x", nil); status != 410 {
		t.Errorf("a guessed URL: %d", status)
	}
}

func TestPageStopsListeningWithItsLastOffer(t *testing.T) {
	var p page
	first, err := p.offer("gh", "GitHub", func() {})
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.offer("gh", "GitHub", func() {})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := request(t, "GET", first, nil); status != 410 {
		t.Errorf("the offer before: %d", status)
	}
	if status, _ := request(t, "GET", second, nil); status != 200 {
		t.Errorf("the offer of now: %d", status)
	}
	p.withdraw("gh")
	if p.server != nil {
		t.Error("still listening")
	}
	if third, err := p.offer("gh", "GitHub", func() {}); err != nil {
		t.Error(err)
	} else if status, _ := request(t, "GET", third, nil); status != 200 {
		t.Errorf("after a pause: %d", status)
	}
	p.withdraw("gh")
}

func request(t *testing.T, method, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	head := answer.Header
	if head.Get("Cache-Control") != "no-store" || !strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("headers %v", head)
	}
	return answer.StatusCode, string(body)
}
