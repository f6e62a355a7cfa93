package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authtray/authtray/tokens/client"
)

// api takes the tokens in good, and keeps what was sent to it.
type api struct {
	*httptest.Server
	mu   sync.Mutex
	good string
	sent []string // "METHOD authorization body"
}

func startAPI(t *testing.T, good string) *api {
	a := &api{good: good}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.sent = append(a.sent, strings.TrimSpace(r.Method+" "+r.Header.Get("Authorization")+" "+string(body)))
	good := r.Header.Get("Authorization") == "Bearer "+a.good
	a.mu.Unlock()
	if !good {
		w.WriteHeader(http.StatusUnauthorized)
	}
	io.WriteString(w, "hello")
}

func (a *api) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(a.sent, want) {
		t.Errorf("the API got %q, want %q", a.sent, want)
	}
}

func send(t *testing.T, r *http.Request) *http.Response {
	t.Helper()
	answer, err := (&http.Client{Transport: &client.Transport{Name: "work"}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGoodTokenIsSentOnce(t *testing.T) {
	agent, api := startAgent(t), startAPI(t, "token-1")
	if answer := send(t, request(t, "GET", api.URL, nil)); answer.StatusCode != 200 {
		t.Errorf("%d", answer.StatusCode)
	}
	api.expect(t, "GET Bearer token-1")
	if agent.told != nil {
		t.Errorf("told the agent of %q", agent.told)
	}
}

func TestRejectedTokenIsReportedAndTheRequestSentOnceMore(t *testing.T) {
	agent, api := startAgent(t), startAPI(t, "token-2")
	r := request(t, "POST", api.URL, strings.NewReader("body"))
	answer := send(t, r)
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 200 || string(body) != "hello" {
		t.Errorf("%d %q", answer.StatusCode, body)
	}
	api.expect(t, "POST Bearer token-1 body", "POST Bearer token-2 body")
	if !slices.Equal(agent.told, []string{"token-1"}) {
		t.Errorf("told %q", agent.told)
	}
	if r.Header.Get("Authorization") != "" {
		t.Error("the caller's request was changed")
	}
}

func TestSecondRejectionIsTheAnswer(t *testing.T) {
	_, api := startAgent(t), startAPI(t, "none")
	if answer := send(t, request(t, "GET", api.URL, nil)); answer.StatusCode != 401 {
		t.Errorf("%d", answer.StatusCode)
	}
	api.expect(t, "GET Bearer token-1", "GET Bearer token-2")
}

func TestBodyThatCannotBeReplayedIsSentOnce(t *testing.T) {
	agent, api := startAgent(t), startAPI(t, "token-2")
	answer := send(t, request(t, "PUT", api.URL, io.MultiReader(strings.NewReader("stream"))))
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != 401 || string(body) != "hello" {
		t.Errorf("%d %q: the API's own answer must come through whole", answer.StatusCode, body)
	}
	api.expect(t, "PUT Bearer token-1 stream")
	if !slices.Equal(agent.told, []string{"token-1"}) {
		t.Errorf("told %q: the next request would fail too", agent.told)
	}
}

func TestNoNewerTokenLeavesThe401(t *testing.T) {
	agent, api := startAgent(t), startAPI(t, "none")
	agent.stuck = true
	if answer := send(t, request(t, "GET", api.URL, nil)); answer.StatusCode != 401 {
		t.Errorf("%d", answer.StatusCode)
	}
	api.expect(t, "GET Bearer token-1")
}

func TestTokenDoesNotFollowARedirectToAnotherHost(t *testing.T) {
	startAgent(t)
	other := startAPI(t, "token-1")
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/same" {
			http.Redirect(w, r, "/away", http.StatusFound)
			return
		}
		if r.Header.Get("Authorization") == "" {
			t.Error("no token on the way within the host")
		}
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	t.Cleanup(home.Close)
	send(t, request(t, "GET", home.URL+"/same", nil))
	other.expect(t, "GET")
}

func TestTokenIsNotSentInTheClear(t *testing.T) {
	startAgent(t)
	_, err := (&http.Client{Transport: &client.Transport{Name: "work"}}).Get("http://api.example/")
	if err == nil || !strings.Contains(err.Error(), "use https") {
		t.Errorf("%v", err)
	}
}

func TestCallersAtOnceShareOneRefresh(t *testing.T) {
	agent, api := startAgent(t), startAPI(t, "token-2")
	work := &http.Client{Transport: &client.Transport{Name: "work"}}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			answer, err := work.Get(api.URL)
			if err != nil {
				t.Error(err)
				return
			}
			if answer.Body.Close(); answer.StatusCode != 200 {
				t.Errorf("%d", answer.StatusCode)
			}
		})
	}
	group.Wait()
	if agent.number != 2 {
		t.Errorf("the token was renewed %d times", agent.number-1)
	}
}
