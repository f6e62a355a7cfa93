//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

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
