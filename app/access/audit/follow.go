package audit

import (
	"context"
	"path/filepath"
	"sync"
	"time"
)

// behind is how many records a follower may fall behind by.
const behind = waiting

// mostReaders is how many callers are given what is in the files at once.
const mostReaders = 8

// follower is one reader of new records.
type follower struct {
	kick chan struct{} // capacity 1
	end  chan struct{} // closed with the log

	mu      sync.Mutex
	queue   []Record
	dropped int
}

// send never blocks: a follower that fell behind is told how many it missed.
func (f *follower) send(batch []Record) {
	f.mu.Lock()
	room := min(behind-len(f.queue), len(batch))
	f.queue = append(f.queue, batch[:room]...)
	f.dropped += reads(batch[room:])
	f.mu.Unlock()
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

func (f *follower) drain() []Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.queue
	if f.dropped > 0 {
		taken = append(taken, Record{Dropped: f.dropped, At: time.Now().UTC().Round(0)})
	}
	f.queue, f.dropped = nil, 0
	return taken
}

// Follow gives each the last n records, oldest first, and then, with follow,
// each new one, until ctx ends, the log is closed or each returns an error,
// which it returns. No record falls between the two, or comes twice.
func (l *Log) Follow(ctx context.Context, n int, follow bool, each func(Record) error) error {
	f, err := l.history(ctx, n, follow, each)
	if err != nil || f == nil { // nil: ctx ended first
		return err
	}
	defer l.leave(f)
	if !follow {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.kick:
			if err := all(f.drain(), each); err != nil {
				return err
			}
		case <-f.end:
			return all(f.drain(), each)
		}
	}
}

// history gives each the last n records, for Follow. They are megabytes, and each may
// take its time, so that no more than some callers are given theirs at once. nil without an error: ctx ended before that.
func (l *Log) history(ctx context.Context, n int, follow bool, each func(Record) error) (*follower, error) {
	if n > 0 {
		select {
		case l.readers <- struct{}{}:
			defer func() { <-l.readers }()
		case <-ctx.Done():
			return nil, nil
		}
	}
	last, f, err := l.begin(n, follow)
	if err == nil {
		err = all(last, each)
	}
	if err != nil {
		l.leave(f)
	}
	return f, err
}

// begin reads the files while nothing is written to them.
func (l *Log) begin(n int, follow bool) ([]Record, *follower, error) {
	l.settle()
	l.mu.Lock()
	defer l.mu.Unlock()
	last, err := Tail(filepath.Dir(l.file.path), n)
	f := &follower{kick: make(chan struct{}, 1), end: make(chan struct{})}
	switch {
	case l.ended:
		close(f.end)
	case follow && err == nil:
		l.followers[f] = true
	}
	return last, f, err
}

func (l *Log) leave(f *follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.followers, f)
}

func all(records []Record, each func(Record) error) error {
	for _, r := range records {
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}
