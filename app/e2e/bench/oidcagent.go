//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
)

// startOIDCAgent runs oidc-agent with one account, "bench", whose token is the
// one given: a token's length costs time.
func startOIDCAgent(ctx context.Context, dir, token string) (s server, err error) {
	if s.program, err = exec.LookPath("oidc-token"); err != nil {
		return s, err
	}
	if err := os.MkdirAll(dir+"/.oidc-agent", 0o700); err != nil {
		return s, err
	}
	agent := exec.CommandContext(ctx, "oidc-agent")
	agent.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}
	said, err := agent.Output() // it goes to the background by itself
	if err != nil {
		return s, err
	}
	socket := regexp.MustCompile(`OIDC_SOCK=([^;]+);`).FindSubmatch(said)
	pid := regexp.MustCompile(`OIDCD_PID=([0-9]+);`).FindSubmatch(said)
	if socket == nil || pid == nil {
		return s, fmt.Errorf("oidc-agent said %q", said)
	}
	number, err := strconv.Atoi(string(pid[1]))
	if err != nil {
		return s, err
	}
	s.stop = func() { syscall.Kill(number, syscall.SIGTERM) }
	s.env = append(agent.Env, "OIDC_SOCK="+string(socket[1]))
	if err := s.addAccount(ctx, standIn(token)); err != nil {
		s.stop()
		return s, err
	}
	return s, nil
}

// addAccount makes an account out of a refresh token, which spares the browser.
func (s server) addAccount(ctx context.Context, issuer string) error {
	gen := exec.CommandContext(ctx, "oidc-gen", "bench", "--manual", "--flow=refresh", "--rt=bench", "--issuer="+issuer,
		"--client-id=bench", "--client-secret=bench", "--scope=openid offline_access", "--redirect-uri=http://localhost:4242",
		"--pw-cmd=echo bench", "--prompt=none")
	gen.Env = s.env
	if out, err := gen.CombinedOutput(); err != nil {
		return fmt.Errorf("oidc-gen: %w: %s", err, out)
	}
	return nil
}

// standIn is the least of a provider: discovery, and one answer.
func standIn(token string) (issuer string) {
	mux := http.NewServeMux()
	p := httptest.NewServer(mux)
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL + "/", "authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token",
			"scopes_supported": []string{"openid", "offline_access"}, "grant_types_supported": []string{"authorization_code", "refresh_token"},
			"response_types_supported": []string{"code"},
		})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 36000, "refresh_token": "bench", "scope": "openid offline_access"})
	})
	return p.URL + "/"
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
