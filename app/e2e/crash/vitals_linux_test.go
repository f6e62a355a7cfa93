package crash

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
)

func vitalsFile(state string) string { return filepath.Join(state, "vitals") }
func heapFile(state string) string   { return filepath.Join(state, "heap.pb.gz") }

// tellVitals writes the number of goroutines, their stacks and the heap's
// profile at each SIGUSR1.
func tellVitals(state string) {
	runtime.MemProfileRate = 32 << 10 // the heap in use is a few MB
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			debug.FreeOSMemory() // what is only garbage holds nothing
			var out, heap bytes.Buffer
			pprof.Lookup("heap").WriteTo(&heap, 0)
			if os.WriteFile(heapFile(state), heap.Bytes(), 0o600) != nil {
				continue
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintln(&out, runtime.NumGoroutine(), m.HeapInuse>>10, m.StackInuse>>10, m.BuckHashSys>>10)
			pprof.Lookup("goroutine").WriteTo(&out, 1)
			file := vitalsFile(state)
			if os.WriteFile(file+".new", out.Bytes(), 0o600) == nil {
				os.Rename(file+".new", file)
			}
		}
	}()
}

// vitals are what the agent's process holds.
type vitals struct {
	memory, private   int // kB
	heap, stack       int // kB of the private memory
	profiles          int // kB of it that only this measure needs
	goroutines, files int
	stacks            string
}

// vitals asks the process, which counts its own goroutines. Its heap's profile
// is kept by a name, if there is one.
func (a *agent) vitals(profile string) (v vitals) {
	a.t.Helper()
	file := vitalsFile(a.paths.State)
	os.Remove(file)
	if err := a.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		a.t.Fatal(err)
	}
	eventually(a.t, "the agent's own count", func() bool {
		text, err := os.ReadFile(file)
		first, rest, _ := strings.Cut(string(text), "\n")
		fmt.Sscan(first, &v.goroutines, &v.heap, &v.stack, &v.profiles)
		v.stacks = rest
		return err == nil && v.goroutines > 0
	})
	if profile != "" {
		if err := os.Rename(heapFile(a.paths.State), a.heap(profile)); err != nil {
			a.t.Fatal(err)
		}
	}
	proc := filepath.Join("/proc", strconv.Itoa(a.cmd.Process.Pid))
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		a.t.Fatal(err)
	}
	v.files = len(files)
	status, _ := os.ReadFile(filepath.Join(proc, "status"))
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "VmRSS: %d kB", &v.memory)
		fmt.Sscanf(line, "RssAnon: %d kB", &v.private)
	}
	return v
}

func (a *agent) heap(profile string) string { return filepath.Join(a.paths.State, profile+".pb.gz") }

// grown is what the process holds more of in one profile than in another.
func (a *agent) grown(from, to string) string {
	out, err := exec.Command("go", "tool", "pprof", "-sample_index=inuse_space", "-top", "-nodecount=12",
		"-base", a.heap(from), a.heap(to)).CombinedOutput()
	if err != nil {
		a.t.Errorf("%v\n%s", err, out)
	}
	return string(out)
}
