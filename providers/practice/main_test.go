package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestProgramPrintsItsIssuerAndStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--addr", "127.0.0.1:0"}, in, io.Discard) }()
	issuer, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	issuer = strings.TrimSpace(issuer)
	resp, err := http.Get(issuer + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var m struct{ Issuer string }
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil || m.Issuer != issuer {
		t.Errorf("the issuer is %q, listened as %q (%v)", m.Issuer, issuer, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stopping is an error: %v", err)
	}
}

func TestWrongUsageIsOneSentence(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct {
		args []string
		want string
		code int
	}{
		{[]string{"--addr", "0.0.0.0:1"}, "loopback", 2},
		{[]string{"--addr", "nonsense"}, "loopback", 2},
		{[]string{"--token-lifetime", "1500ms"}, "whole seconds", 2},
		{[]string{"--nonsense"}, "nonsense", 2},
		{[]string{"extra"}, "not understood", 2},
		{[]string{"--addr", taken.Addr().String()}, "another --addr", 1},
	}
	for _, tt := range tests {
		err := run(t.Context(), tt.args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) || exitCode(err) != tt.code {
			t.Errorf("%v: %v, want %q", tt.args, err, tt.want)
		}
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"-help"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "token-lifetime") {
		t.Errorf("help says %q (%v)", help.String(), err)
	}
}
