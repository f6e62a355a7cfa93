package audit

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"sync"
	"time"
)

// waiting is how many records may wait for the disk.
const waiting = 1024

// Log takes records. Safe for concurrent use.
type Log struct {
	log  *slog.Logger
	in   chan Record
	kick chan struct{}      // capacity 1: records were dropped
	sync chan chan struct{} // closed when what was added before is written
	done chan struct{}

	gate    sync.RWMutex // held while adding; closed under it
	closed  bool
	missing missing

	readers chan struct{} // as many as are given what is in the files

	mu        sync.Mutex // the files and the followers
	file      *file
	followers map[*follower]bool
	ailing    bool // the last write failed
	ended     bool
}

// missing counts what could not be kept.
type missing struct {
	mu sync.Mutex
	n  int
	at time.Time
}

func (m *missing) add(n int, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n, m.at = m.n+n, at
}

func (m *missing) report() (Record, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Record{Dropped: m.n, At: m.at}
	m.n = 0
	return r, r.Dropped > 0
}

// Open continues the record in a folder, which it makes if need be. A disk that
// takes nothing is no error: what is read meanwhile is counted as missing. The
// caller closes it.
func Open(dir string, log *slog.Logger) *Log {
	l := newLog(dir, log)
	go l.run()
	return l
}

func newLog(dir string, log *slog.Logger) *Log {
	return &Log{log: log, in: make(chan Record, waiting), kick: make(chan struct{}, 1),
		sync: make(chan chan struct{}), done: make(chan struct{}), readers: make(chan struct{}, mostReaders),
		file: &file{path: Path(dir)}, followers: map[*follower]bool{}}
}

// Add keeps a record. It does not wait: where too many are waiting already, the
// record is counted as missing. After Close it does nothing.
func (l *Log) Add(r Record) {
	r.Time = r.Time.UTC().Round(0)
	l.gate.RLock()
	defer l.gate.RUnlock()
	if l.closed {
		return
	}
	select {
	case l.in <- r:
	default:
		l.missing.add(1, r.Time)
		select {
		case l.kick <- struct{}{}:
		default:
		}
	}
}

// Close writes what is waiting, and ends the followers.
func (l *Log) Close() error {
	l.gate.Lock()
	if !l.closed {
		l.closed = true
		close(l.in)
	}
	l.gate.Unlock()
	<-l.done
	return nil
}

// settle returns when what was added before has been written.
func (l *Log) settle() {
	written := make(chan struct{})
	select {
	case l.sync <- written:
		<-written
	case <-l.done:
	}
}

// run is the one goroutine that writes.
func (l *Log) run() {
	defer close(l.done)
	defer l.end()
	for open := true; open; {
		var batch []Record
		var written chan struct{}
		select {
		case <-l.kick:
		case written = <-l.sync:
		case r, ok := <-l.in:
			if open = ok; ok {
				batch = append(batch, r)
			}
		}
		l.write(l.gather(batch))
		if written != nil {
			close(written)
		}
	}
}

// gather takes what else is waiting, and says what is missing after it.
func (l *Log) gather(batch []Record) []Record {
	for len(batch) < waiting {
		select {
		case r, ok := <-l.in:
			if !ok {
				return l.withGap(batch)
			}
			batch = append(batch, r)
			continue
		default:
		}
		break
	}
	return l.withGap(batch)
}

func (l *Log) withGap(batch []Record) []Record {
	if gap, ok := l.missing.report(); ok {
		batch = append(batch, gap)
	}
	return batch
}

// write puts records into the file and tells the followers, also where the file
// takes none.
func (l *Log) write(batch []Record) {
	if len(batch) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, r := range batch {
		_ = encoder.Encode(r) // of plain fields
	}
	err := l.file.append(lines.Bytes())
	if err != nil {
		l.missing.add(reads(batch), time.Now().UTC().Round(0))
	}
	l.tellHealth(err)
	for f := range l.followers {
		f.send(batch)
	}
}

// reads counts the reads that a batch stands for.
func reads(batch []Record) (n int) {
	for _, r := range batch {
		n += max(r.Dropped, 1)
	}
	return n
}

// tellHealth says once that the record cannot be written, and once that it can.
func (l *Log) tellHealth(err error) {
	switch {
	case err != nil && !l.ailing:
		l.log.Warn("reads of tokens cannot be recorded", "err", err)
	case err == nil && l.ailing:
		l.log.Info("reads of tokens are recorded again")
	}
	l.ailing = err != nil
}

// Trouble says that reads cannot be recorded at the moment; "" where they can.
func (l *Log) Trouble() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ailing {
		return "Reads of tokens cannot be recorded: " + l.file.path + " cannot be written."
	}
	return ""
}

func (l *Log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for f := range l.followers {
		close(f.end)
		delete(l.followers, f)
	}
	if err := l.file.close(); err != nil {
		l.log.Warn("the record of reads could not be closed", "err", err)
	}
}

// Record is one read of a token, or a gap where some could not be kept.
type Record struct {
	Time       time.Time `json:"time,omitzero"`
	Connection string    `json:"connection,omitempty"`
	PID        int       `json:"pid,omitempty"` // 0: not known
	UID        int       `json:"uid"`           // -1 on Windows
	Exe        string    `json:"exe"`           // "": the system would not say
	What       string    `json:"what,omitempty"`
	For        string    `json:"for,omitempty"`  // what the caller says that it is for
	Code       string    `json:"code,omitempty"` // why no token was given; "" where one was

	// Where authtray itself asked, which it does for whoever started it, the
	// nearest program above it that is another one.
	ParentPID int    `json:"parent_pid,omitempty"`
	ParentExe string `json:"parent_exe,omitempty"`

	// A gap: this many records are missing before At. Time is then zero.
	Dropped int       `json:"dropped,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// What can be asked.
const (
	Token    = "token"
	Rejected = "rejected" // a token was said to be refused, and the one to use now given
	API      = "api"      // a request was sent with the token, which the caller did not see
)

// IsGap tells a gap from a read.
func (r Record) IsGap() bool { return r.Time.IsZero() }

// Who is the program that wanted the token, and its process: where authtray
// itself asked, the one above it.
func (r Record) Who() (exe string, pid int) {
	if r.ParentPID != 0 {
		return r.ParentExe, r.ParentPID
	}
	return r.Exe, r.PID
}
