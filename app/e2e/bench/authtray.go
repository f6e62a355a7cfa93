//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/authtray/authtray/providers/practice/practicetest"
	practice "github.com/authtray/authtray/providers/practice/server"
)

// startAuthtray builds and runs an agent with one connection, "bench", and
// returns its token.
func startAuthtray(ctx context.Context, dir string) (s server, token string, err error) {
	s.program = filepath.Join(dir, "bin", "authtray")
	s.env = []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		return s, "", err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.program, "github.com/authtray/authtray")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return s, "", fmt.Errorf("%w: %s", err, out)
	}
	port, err := startProvider()
	if err != nil {
		return s, "", err
	}
	if s.stop, err = s.run(ctx); err != nil {
		return s, "", err
	}
	if err := s.connect(ctx, port); err != nil {
		s.stop()
		return s, "", err
	}
	token, err = s.output(ctx, "token", "bench")
	return s, strings.TrimSpace(token), err
}

// startProvider serves the practice provider until the program ends.
func startProvider() (port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	p, err := practice.New(practice.Options{Issuer: "http://" + l.Addr().String(), Lifetime: 10 * time.Hour})
	if err != nil {
		return "", err
	}
	(&httptest.Server{Listener: l, Config: &http.Server{Handler: p.Handler()}}).Start()
	_, port, err = net.SplitHostPort(l.Addr().String())
	return port, err
}

// run starts the agent and waits until it answers.
func (s server) run(ctx context.Context) (stop func(), err error) {
	agent := s.command(ctx, "run", "--no-tray", "--store=memory")
	if err := agent.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- agent.Wait() }()
	for {
		if _, err := s.output(ctx, "status"); err == nil {
			break
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the agent ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return func() { agent.Process.Signal(syscall.SIGTERM); <-ended }, nil
}

func (s server) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Env = s.env
	return cmd
}

func (s server) output(ctx context.Context, args ...string) (string, error) {
	out, err := s.command(ctx, args...).Output()
	return string(out), err
}

// connect adds the connection and signs in at the address that is printed.
func (s server) connect(ctx context.Context, port string) error {
	if _, err := s.output(ctx, "add", "bench", "--provider", "practice", "--set", "vars.port="+port); err != nil {
		return err
	}
	cmd := s.command(ctx, "connect", "bench", "--no-browser", "--timeout", "30s")
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	var text bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(text.String(), "\nhttp") || !strings.HasSuffix(text.String(), "\n"); {
		n, err := said.Read(buf)
		if err != nil {
			return fmt.Errorf("no address: %s", text.String())
		}
		text.Write(buf[:n])
	}
	_, url, _ := strings.Cut(text.String(), "\nhttp")
	redirect, err := practicetest.Consent(ctx, "http"+strings.TrimSpace(url), "ada")
	if err != nil {
		return err
	}
	answer, err := http.Get(redirect)
	if err != nil {
		return err
	}
	answer.Body.Close()
	return cmd.Wait()
}
