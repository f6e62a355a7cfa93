package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/authtray/authtray/tokens/client"
)

// agent is a small agent of a connection "work": its tokens are numbered, and a
// rejected current one makes way for the next.
type agent struct {
	mu       sync.Mutex
	number   int
	told     []string // tokens that were reported as rejected
	stuck    bool     // nothing newer is to be had
	requests int
	short    bool // its tokens last less long than wanted
}

func startAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{number: 1}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/connections/work/token", func(w http.ResponseWriter, r *http.Request) { a.token(w) })
	mux.HandleFunc("POST /v1/connections/work/rejected", a.rejected)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem(w, 404, `{"code":"unknown_connection","detail":"There is no connection play.","hint":"authtray status"}`)
	})
	serve(t, mux)
	return a
}

func serve(t *testing.T, h http.Handler) {
	t.Helper()
	l, path, err := client.ListenIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	t.Setenv("AUTHTRAY_SOCKET", path)
}

func (a *agent) token(w http.ResponseWriter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	w.Header().Set("Content-Type", "application/json")
	met := ""
	if a.short {
		met = `"min_valid_met":false,`
	}
	fmt.Fprintf(w, `{`+met+`"access_token":"token-%d","token_type":"Bearer","expires_at":"2030-01-02T03:04:05Z","scopes":["a","b"],"account":"ada","extra":{"instance_url":"https://i.example"}}`, a.number)
}

func (a *agent) rejected(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AccessToken string `json:"access_token"`
	}
	json.NewDecoder(r.Body).Decode(&in)
	a.mu.Lock()
	a.told = append(a.told, in.AccessToken)
	stuck := a.stuck
	if in.AccessToken == fmt.Sprintf("token-%d", a.number) && !stuck {
		a.number++
	}
	a.mu.Unlock()
	if stuck {
		problem(w, 409, `{"code":"rejected_again","detail":"The new token was rejected too."}`)
		return
	}
	a.token(w)
}

func problem(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}
