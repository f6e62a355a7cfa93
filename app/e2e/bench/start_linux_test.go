package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// most is the largest number of connections.
const most = 1000

// start measures how long a new agent takes until its socket is there, and until it
// gives a token, with 1, 100 and 1000 connections, and what each takes of its memory.
// The grants are in the file store: a gnome-keyring takes minutes for a thousand. Its
// passphrase costs a second at each start, which the differences leave out.
func start(t *testing.T, s *sheet) {
	a := newAuthtray(t)
	p := practice(t)
	name := func(i int) string { return fmt.Sprintf("c%04d", i) }
	nothing := command{name: "empty", argv: []string{empty(t)}}
	to := s.table("Start of an agent", "ms")
	var sockets, bases series
	for range max(n()/10, 1) {
		base, err := nothing.once()
		if err != nil {
			t.Fatal(err)
		}
		sockets, bases = append(sockets, milliseconds(a.run("--no-tray", "--store=memory"))), append(bases, base)
		a.quit()
	}
	got := map[string]series{"an empty Go program": bases}
	s.add(to, "an empty Go program", bases, "", nil)
	s.atMost("process to socket beside an empty Go program", "×", s.add(to, "to its socket", sockets, "an empty Go program", got), 10)

	a.write(name(0), p)
	a.stdin = passphrase + "\n" + passphrase + "\n"
	a.run("--no-tray", "--store=file")
	a.signIn(name(0))
	a.quit()
	copyGrant(t, filepath.Join(a.home, ".local/state/authtray/store"), name)
	for i := range most {
		a.write(name(i), p)
	}
	memory, token := map[int]usage{}, map[int]float64{}
	for _, count := range []int{1000, 100, 1} {
		for i := count; i < most; i++ {
			os.Remove(filepath.Join(a.home, ".config/authtray/connections", name(i)+".toml"))
		}
		var tokens series
		for round := range repeats {
			began := time.Now()
			a.run("--no-tray", "--store=file")
			a.must("token", name(count-1))
			tokens = append(tokens, milliseconds(time.Since(began)))
			if round == repeats-1 {
				time.Sleep(settled) // it reads the others meanwhile, and gives memory back
				memory[count] = memoryOf(t, a.agent.Process.Pid)
			}
			a.quit()
		}
		s.add(to, fmt.Sprintf("to a token of the last, connections: %d", count), tokens, "", nil)
		token[count] = tokens.at(0)
	}
	s.report("start to a first token, 1 connection, with the passphrase's second", "ms", token[1])
	s.atMost("start to a first token, for each of 100 connections", "ms", (token[100]-token[1])/99, 1.5)
	s.atMost("start to a first token, for each of 1000 connections", "ms", (token[1000]-token[1])/999, 1.5)
	s.atMost("RSS for each of 1000 connections", "kB", (memory[1000].rss-memory[1].rss)/999/1000, 8)
	s.report("private memory for each of 1000 connections", "kB", (memory[1000].private-memory[1].private)/999/1000)
}

const (
	repeats = 5
	settled = 20 * time.Second // after a start an agent has done all that it does at once
)

const passphrase = "correct horse battery staple"

// copyGrant gives the first connection's grant to all of them: a thousand sign-ins
// would take minutes.
func copyGrant(t *testing.T, folder string, name func(int) string) {
	t.Helper()
	keep := store.File(folder, func(context.Context, bool) (string, error) { return passphrase, nil })
	defer keep.Close()
	if err := keep.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	grant, err := keep.Get(t.Context(), name(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < most; i++ {
		if err := keep.Set(t.Context(), name(i), grant); err != nil {
			t.Fatal(err)
		}
	}
}

// usage is the memory of a process, in bytes.
type usage struct{ rss, private float64 }

func memoryOf(t *testing.T, pid int) (u usage) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(status, []byte("\n")) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kilobytes, _ := strconv.ParseFloat(string(fields[1]), 64)
		switch string(fields[0]) {
		case "VmRSS:":
			u.rss = kilobytes * 1024
		case "RssAnon:":
			u.private = kilobytes * 1024
		}
	}
	return u
}
