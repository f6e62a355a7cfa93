package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var quiet = slog.New(slog.DiscardHandler)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func read(n int) Record {
	return Record{Time: noon.Add(time.Duration(n) * time.Second), Connection: "work", PID: 1000 + n, UID: 7, Exe: "/usr/bin/gh", What: Token}
}

func fill(l *Log, from, to int) {
	for n := from; n < to; n++ {
		l.Add(read(n))
	}
}

func tail(t *testing.T, dir string, n int) []Record {
	t.Helper()
	got, err := Tail(dir, n)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNothingIsLostWhenTheAgentEnds(t *testing.T) {
	dir := t.TempDir()
	l := Open(dir, quiet)
	fill(l, 0, 900)
	l.Close()
	l.Add(read(1000)) // nobody is served any more
	l.Close()
	got := tail(t, dir, 5000)
	if len(got) != 900 || got[0] != read(0) || got[899] != read(899) {
		t.Fatalf("%d records", len(got))
	}
}

func TestTheRecordIsClosedToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := filepath.Join(t.TempDir(), "state")
	l := Open(dir, quiet)
	fill(l, 0, 1)
	l.Close()
	info, err := os.Stat(Path(dir))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestTheRecordIsBoundedAndKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	l := Open(dir, quiet)
	const many = 60_000 // more than 6 MB
	for n := 0; n < many; n += 500 {
		fill(l, n, n+500)
		l.settle()
	}
	l.Close()
	files, total := 0, int64(0)
	filepath.WalkDir(dir, func(_ string, e fs.DirEntry, _ error) error {
		if info, _ := e.Info(); !e.IsDir() {
			files, total = files+1, total+info.Size()
			if info.Size() > maxFile || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %d bytes, %v", e.Name(), info.Size(), info.Mode())
			}
		}
		return nil
	})
	if files != 1+keptFiles || total > (1+keptFiles)*maxFile || total < keptFiles*maxFile/2 {
		t.Errorf("%d files of %d bytes", files, total)
	}
	got := tail(t, dir, 15_000) // over the border between two files
	for i, r := range got {
		if r != read(many-15_000+i) {
			t.Fatalf("record %d is %+v", i, r)
		}
	}
}

func TestATornLineCostsNoOther(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		l := Open(dir, quiet)
		fill(l, n, n+1)
		l.Close()
		f, err := os.OpenFile(Path(dir), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(`{"time":"2026-11-23T12:0`) // the machine stopped here
		f.Close()
	}
	got := tail(t, dir, 10)
	if len(got) != 3 || got[0] != read(0) || got[2] != read(2) {
		t.Errorf("%+v", got)
	}
}

func TestWhatIsNoRecordIsSkipped(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(Path(dir), []byte("\n\x00\x00\nnull\n[]\n{}\n{\"time\":3}\n"), 0o600)
	if got := tail(t, dir, 10); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := tail(t, t.TempDir(), 10); len(got) != 0 {
		t.Errorf("of no file: %+v", got)
	}
}

// A log whose writer does not run is a disk that takes nothing.
func TestReadersDoNotWaitForTheDiskAndTheGapIsCounted(t *testing.T) {
	dir := t.TempDir()
	l := newLog(dir, quiet)
	fill(l, 0, waiting+40)
	go l.run()
	l.Close()
	got := tail(t, dir, 5000)
	if len(got) != waiting+1 {
		t.Fatalf("%d records", len(got))
	}
	gap := got[waiting]
	if !gap.IsGap() || gap.Dropped != 40 || !gap.At.Equal(read(waiting+39).Time) {
		t.Errorf("the gap is %+v", gap)
	}
}

func TestADiskThatTakesNothingIsToldAndCounted(t *testing.T) {
	dir := t.TempDir()
	os.Mkdir(Path(dir), 0o700) // a folder in the file's place
	l := Open(dir, quiet)
	fill(l, 0, 3)
	l.settle()
	if !strings.Contains(l.Trouble(), Path(dir)) {
		t.Errorf("the trouble is %q", l.Trouble())
	}
	os.Remove(Path(dir))
	fill(l, 3, 4)
	l.Close()
	got := tail(t, dir, 10)
	missing, found := 0, 0
	for _, r := range got {
		missing += r.Dropped
		if r == read(3) {
			found++
		}
	}
	if missing != 3 || found != 1 {
		t.Errorf("%+v", got)
	}
	if l.Trouble() != "" {
		t.Errorf("the trouble is over, and %q", l.Trouble())
	}
}

func TestAFollowerMissesNothingAndSeesNothingTwice(t *testing.T) {
	l := Open(t.TempDir(), quiet)
	fill(l, 0, 50)
	var got []Record
	begun, over := make(chan bool), make(chan error)
	go func() {
		over <- l.Follow(t.Context(), 20, true, func(r Record) error {
			if got = append(got, r); len(got) == 20 {
				close(begun)
			}
			return nil
		})
	}()
	fill(l, 50, 400) // while it begins
	<-begun
	for n := 400; n < 500; n++ {
		l.Add(read(n))
	}
	l.settle()
	l.Close() // ends it
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	first := got[0].PID - 1000
	seen := map[int]bool{}
	for _, r := range got {
		if seen[r.PID] || r.PID-1000 < first {
			t.Fatalf("%d came twice, or late", r.PID)
		}
		seen[r.PID] = true
	}
	for n := 50; n < 500; n++ {
		if n >= first && !seen[1000+n] {
			t.Fatalf("%d is missing of %d", n, len(got))
		}
	}
}

func TestAFollowerEndsWithItsReaderAndItsContext(t *testing.T) {
	l := Open(t.TempDir(), quiet)
	defer l.Close()
	fill(l, 0, 1)
	stop := errors.New("enough")
	if err := l.Follow(t.Context(), 1, true, func(Record) error { return stop }); err != stop {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Follow(ctx, 0, true, func(Record) error { return nil }); err != nil {
		t.Errorf("err = %v", err)
	}
	if len(l.followers) > 0 {
		t.Error("a follower stayed")
	}
}

func TestASlowFollowerHoldsNobodyUpAndIsToldWhatItMissed(t *testing.T) {
	f := &follower{kick: make(chan struct{}, 1)}
	for range 5 {
		f.send(make([]Record, behind/4))
	}
	got := f.drain()
	if len(got) != behind+1 || got[behind].Dropped != behind/4 {
		t.Errorf("%d records, the last %+v", len(got), got[len(got)-1])
	}
	if len(f.drain()) != 0 {
		t.Error("it was told twice")
	}
}

func TestReadersOfWhatIsInTheFilesTakeTurns(t *testing.T) {
	l := Open(t.TempDir(), quiet)
	defer l.Close()
	fill(l, 0, 10)
	reading, stuck := make(chan bool), make(chan bool)
	var all sync.WaitGroup
	for range mostReaders {
		all.Go(func() {
			first := true
			_ = l.Follow(t.Context(), 10, false, func(Record) error {
				if first {
					first = false
					reading <- true
					<-stuck
				}
				return nil
			})
		})
	}
	for range mostReaders {
		<-reading
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Follow(ctx, 10, false, func(Record) error { t.Error("one more was given the record"); return nil }); err != nil {
		t.Error(err)
	}
	l.Add(read(10)) // and nobody waits for them
	l.settle()
	close(stuck)
	all.Wait()
	given := 0
	if err := l.Follow(t.Context(), 20, false, func(Record) error { given++; return nil }); err != nil || given != 11 {
		t.Errorf("after them: %d records, %v", given, err)
	}
}

func BenchmarkAdd(b *testing.B) {
	l := Open(b.TempDir(), quiet)
	defer l.Close()
	for b.Loop() {
		l.Add(read(1))
	}
}

func TestProgramBehindAuthtrayIsTheOneThatWantedTheToken(t *testing.T) {
	r := Record{Exe: "/usr/bin/authtray", PID: 8, ParentExe: "/usr/bin/make", ParentPID: 7}
	if exe, pid := r.Who(); exe != "/usr/bin/make" || pid != 7 {
		t.Errorf("Who = %s, %d", exe, pid)
	}
}

func ExampleRecord() {
	fmt.Println(Record{Dropped: 3, At: noon}.IsGap(), read(1).IsGap())
	// Output: true false
}
