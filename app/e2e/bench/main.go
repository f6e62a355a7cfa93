//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

func main() {
	n := flag.Int("n", 400, "how many calls of each")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *n); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, token, err := startAuthtray(ctx, filepath.Join(dir, "authtray"))
	if err != nil {
		return fmt.Errorf("authtray: %w", err)
	}
	defer ours.stop()
	commands := []call{
		{"/bin/true", []string{"/bin/true"}, nil},
		{"authtray token", []string{ours.program, "token", "bench"}, ours.env},
		{"authtray token --format json", []string{ours.program, "token", "bench", "--format", "json"}, ours.env},
	}
	theirs, err := startOIDCAgent(ctx, filepath.Join(dir, "oidc"), token)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: without oidc-token:", err)
	} else {
		defer theirs.stop()
		commands = append(commands, call{"oidc-token", []string{theirs.program, "--time", "60", "bench"}, theirs.env})
	}
	results, err := sample(ctx, n, commands)
	if err != nil {
		return err
	}
	return table(results)
}

// table prints medians, what is left of them without the price of a process,
// and their ratio to oidc-token's.
func table(results []result) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tp10\tp50\tp90\tp50 − true\t× oidc-token\t")
	last := results[len(results)-1]
	for _, r := range results {
		ratio := "–"
		if last.name == "oidc-token" {
			ratio = fmt.Sprintf("%.2f", float64(r.at(50))/float64(last.at(50)))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", r.name, ms(r.at(10)), ms(r.at(50)), ms(r.at(90)), ms(r.at(50)-results[0].at(50)), ratio)
	}
	return w.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

// server is an agent that runs for the length of the measurement.
type server struct {
	program string // the client that asks it
	env     []string
	stop    func()
}

// call is a command to measure.
type call struct {
	name string
	argv []string
	env  []string
}

// result is how long each call took, sorted.
type result struct {
	name  string
	times []time.Duration
}

func (r result) at(percent int) time.Duration { return r.times[(len(r.times)-1)*percent/100] }

// sample runs every command once a round, in turn. A command that fails ends
// the measurement: an error is quickly given.
func sample(ctx context.Context, rounds int, calls []call) ([]result, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	results := make([]result, len(calls))
	for range rounds {
		for i, c := range calls {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			took, err := once(c, null)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			results[i].times = append(results[i].times, took)
		}
	}
	for i, c := range calls {
		results[i].name = c.name
		slices.Sort(results[i].times)
	}
	return results, nil
}

func once(c call, null *os.File) (time.Duration, error) {
	start := time.Now()
	p, err := os.StartProcess(c.argv[0], c.argv, &os.ProcAttr{Env: c.env, Files: []*os.File{null, null, os.Stderr}})
	if err != nil {
		return 0, err
	}
	state, err := p.Wait()
	took := time.Since(start)
	if err == nil && !state.Success() {
		err = fmt.Errorf("%s", state)
	}
	return took, err
}
