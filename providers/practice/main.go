// Command practice is the practice provider: a small OAuth 2.0 and OpenID
// Connect server on loopback, with two people, a sample API and tokens that
// last a minute. See package server.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/authtray/authtray/providers/practice/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "practice:", err)
		}
		os.Exit(exitCode(err))
	}
}

// errUsage marks an error that the caller made on the command line.
var errUsage = errors.New("see practice -help")

func exitCode(err error) int {
	if errors.Is(err, errUsage) || errors.Is(err, flag.ErrHelp) {
		return 2
	}
	return 1
}

// run serves until ctx ends. Once it listens, it prints the issuer, alone on a
// line, to out.
func run(ctx context.Context, args []string, out, errs io.Writer) error {
	addr, opts, err := parse(args, errs)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen on %s; give another --addr: %w", addr, err)
	}
	defer listener.Close()
	opts.Issuer = "http://" + listener.Addr().String()
	opts.Log = slog.New(slog.NewTextHandler(errs, nil))
	quietLibrary(errs)
	s, err := server.New(opts)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, opts.Issuer)
	return serve(ctx, listener, s.Handler())
}

func parse(args []string, errs io.Writer) (addr string, opts server.Options, err error) {
	flags := flag.NewFlagSet("practice", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&addr, "addr", "127.0.0.1:47820", "loopback `address` to listen on; port 0 takes a free one")
	flags.DurationVar(&opts.Lifetime, "token-lifetime", server.DefaultLifetime, "lifetime of access tokens, in whole seconds")
	noRotation := flags.Bool("no-rotation", false, "keep refresh tokens instead of replacing them at each use")
	flags.DurationVar(&opts.Grace, "grace", 0, "how long a replaced refresh token still works")
	flags.StringVar(&opts.State, "state", "", "`file` to keep grants in, so that they outlive a restart")
	flags.BoolVar(&opts.RequirePAR, "require-par", false, "refuse authorization requests that were not pushed (RFC 9126)")
	flags.DurationVar(&opts.DeviceInterval, "device-interval", 5*time.Second, "how far apart a device must poll")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return "", opts, err
		}
		return "", opts, fmt.Errorf("%w: %w", err, errUsage)
	}
	opts.NoRotation = *noRotation
	return addr, opts, check(addr, flags.Args(), opts)
}

func check(addr string, rest []string, opts server.Options) error {
	host, _, err := net.SplitHostPort(addr)
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is not understood: %w", rest[0], errUsage)
	case err != nil || !net.ParseIP(host).IsLoopback():
		return fmt.Errorf("--addr must be a loopback address with a port, such as 127.0.0.1:47820: %w", errUsage)
	case opts.Lifetime < time.Second || opts.Lifetime%time.Second != 0:
		return fmt.Errorf("--token-lifetime must be whole seconds, such as 60s: %w", errUsage)
	}
	return nil
}

// quietLibrary keeps pkg/op's log, which goes to the default logger, to
// warnings, and takes out what a log should not hold. Go's standard logger, where
// net/http may quote a request or an answer, is silenced.
func quietLibrary(errs io.Writer) {
	hide := map[string]bool{"state": true, "url": true, "session_state": true}
	slog.SetDefault(slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if hide[a.Key] {
				return slog.Attr{}
			}
			return a
		},
	})))
	log.SetOutput(io.Discard) // after SetDefault, which hands the text on
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	go func() {
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		srv.Shutdown(soon)
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
