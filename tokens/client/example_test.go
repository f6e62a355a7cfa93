package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/authtray/authtray/tokens/client"
)

func ExampleTokenSource() {
	defer exampleAgent()()

	token, err := client.TokenSource("work").Token()
	var problem *client.Problem
	switch {
	case errors.Is(err, client.ErrNoAgent):
		fmt.Println("start it with: authtray run")
	case errors.As(err, &problem):
		fmt.Println(problem.Detail, problem.Hint)
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(token.Type(), token.AccessToken)
	}
	// Output: Bearer token-1
}

func ExampleTransport() {
	defer exampleAgent()()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "you sent ", r.Header.Get("Authorization"))
	}))
	defer api.Close()

	work := &http.Client{Transport: &client.Transport{Name: "work"}}
	answer, err := work.Get(api.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	fmt.Println(string(body))
	// Output: you sent Bearer token-1
}

func ExampleAgent_Do() {
	defer exampleAgent()()

	var answer struct {
		AccessToken string    `json:"access_token"`
		ExpiresAt   time.Time `json:"expires_at"`
	}
	err := client.Agent{}.Do(context.Background(), "GET", "/v1/connections/work/token?min_valid=5m", nil, &answer)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.AccessToken, "until", answer.ExpiresAt.Format(time.DateOnly))
	// Output: token-1 until 2030-01-02
}

// exampleAgent stands in for the agent that runs on a desktop.
func exampleAgent() (stop func()) {
	dir, err := os.MkdirTemp("", "authtray")
	if err != nil {
		panic(err)
	}
	l, address, err := client.ListenIn(dir)
	if err != nil {
		panic(err)
	}
	os.Setenv("AUTHTRAY_SOCKET", address)
	a := &agent{number: 1}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { a.token(w) }))
	return func() {
		l.Close()
		os.Unsetenv("AUTHTRAY_SOCKET")
		os.RemoveAll(dir)
	}
}
