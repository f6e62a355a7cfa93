//go:build cgo

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/browser"
	"github.com/authtray/authtray/app/desktop/console"
	"github.com/authtray/authtray/app/window"
	"github.com/authtray/authtray/app/window/raise"
	"github.com/authtray/authtray/app/window/remote"
	"github.com/authtray/authtray/tokens/client"
)

// Only a cgo build can draw, so only it carries the window.
func init() { app.WindowMain = showWindow }

func showWindow() error {
	paths, err := config.Find()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.DiscardHandler)
	agent := remote.New(client.At(paths.Socket))
	return window.Main(ctx, agent, window.Options{
		Address: raise.Address(paths.Socket),
		Profile: paths.Profile,
		Version: app.Built().Version,
		Browse:  func(url string) error { return browser.Open(ctx, log, url) },
		Config:  paths.Config,
		Folder:  func(dir string) error { return browser.OpenFolder(ctx, log, dir) },
		Start:   startAgent,
		Log:     log,

		Authtray: runCommand,
	})
}

// startAgent starts an agent by asking for the window that is open already:
// `authtray open` starts one where none runs, and waits until it answers.
func startAgent(ctx context.Context) error {
	_, _, err := runCommand(ctx, "open")
	return err
}

// runCommand runs authtray as a terminal would. The error is the last sentence that it
// says where it fails.
func runCommand(ctx context.Context, args ...string) (printed, said string, err error) {
	program, err := agentProgram()
	if err != nil {
		return "", "", err
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	console.Hide(cmd)
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		if why := strings.TrimPrefix(lines[len(lines)-1], "authtray: "); why != "" {
			return "", "", errors.New(why)
		}
		return "", "", fmt.Errorf("%s could not be run: %w", filepath.Base(program), err)
	}
	return out.String(), errs.String(), nil
}

// agentProgram is the small program without the window, where it is installed
// beside this one, else this one, which can do everything.
func agentProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program that the agent is: %w", err)
	}
	small := filepath.Join(filepath.Dir(self), "authtray")
	if runtime.GOOS == "windows" {
		small += ".exe"
	}
	if info, err := os.Stat(small); err == nil && info.Mode().IsRegular() {
		return small, nil
	}
	return self, nil
}
