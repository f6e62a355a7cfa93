//go:build desktop && linux

package window

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// TestStartIsMeasured prints how long the window takes to its first picture, and what it
// leaves behind when it closes. It reads the screen as memory: a program that takes
// a picture of it takes longer than the window does.
func TestStartIsMeasured(t *testing.T) {
	p := build(t)
	folder := t.TempDir()
	s := newScreen(t, "-fbdir", folder)
	s.shots = pictures(t, "measured")
	s.run(exec.Command("openbox"))
	agent := exec.Command(p.authtray, "run", "--no-tray", "--store=memory")
	agent.Env = s.env
	s.run(agent)
	s.until("the agent answers", func() bool { _, err := s.tries(p.authtray, "status"); return err == nil })
	screen := framebuffer(t, filepath.Join(folder, "Xvfb_screen0"))
	least := leastWindow(t)
	for range 3 {
		if least != "" {
			blank, began := detail(screen), time.Now()
			w := s.run(exec.Command(least))
			t.Logf("the least window of Fyne after %v", firstPicture(s, screen, blank, began).Round(time.Millisecond))
			w.Process.Kill()
			w.Wait()
			s.until("it is gone", func() bool { return len(s.windows("least")) == 0 })
			s.calm()
		}
		blank := detail(screen)
		began := time.Now()
		window := exec.Command(p.window, "window")
		s.run(window)
		drawn := firstPicture(s, screen, blank, began)
		s.the(title)
		t.Logf("drawn after %v, window %s, agent %s", drawn.Round(time.Millisecond), memory(t, window.Process.Pid), memory(t, agent.Process.Pid))
		s.keys("ctrl+w")
		s.until("it is closed", func() bool { return len(s.windows(title)) == 0 })
		window.Wait()
	}
	t.Logf("agent after the windows closed: %s", memory(t, agent.Process.Pid))
}

// leastWindow builds a program of Fyne's that shows some text, for make bench alone,
// which says so by LEAST_WINDOW.
func leastWindow(t *testing.T) string {
	t.Helper()
	if os.Getenv("LEAST_WINDOW") == "" {
		return ""
	}
	folder := t.TempDir()
	source, program := filepath.Join(folder, "least.go"), filepath.Join(folder, "least")
	write(t, source, `package main

import (
	"strings"

	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	w := app.NewWithID("least").NewWindow("least")
	w.SetContent(widget.NewLabel(strings.Repeat("some text for a window that has nothing else\n", 20)))
	w.ShowAndRun()
}
`)
	cmd := exec.Command("go", "build", "-tags", "release,migrated_fynedo,no_animations", "-buildmode=pie", "-ldflags", "-s -w", "-o", program, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// firstPicture is when nine tenths of what is to be seen once nothing changes for a
// second were there.
func firstPicture(s *screen, pixels []uint32, blank int, began time.Time) time.Duration {
	s.Helper()
	type look struct {
		after time.Duration
		shows int
	}
	var looks []look
	changed := began
	s.until("a picture that stays", func() bool {
		for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); time.Sleep(4 * time.Millisecond) {
			now := look{time.Since(began), detail(pixels) - blank}
			if len(looks) == 0 || looks[len(looks)-1].shows != now.shows {
				changed = time.Now()
			}
			looks = append(looks, now)
		}
		return looks[len(looks)-1].shows > 1000 && time.Since(changed) > time.Second
	})
	whole := looks[len(looks)-1].shows
	for _, l := range looks {
		if l.shows >= whole*9/10 {
			return l.after
		}
	}
	return 0
}

// framebuffer is the memory of a screen that Xvfb keeps in a file (-fbdir).
func framebuffer(t *testing.T, path string) []uint32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(data) })
	return unsafe.Slice((*uint32)(unsafe.Pointer(&data[0])), len(data)/4)
}

// detail counts the edges in each fourth line of a screen: letters have many, and an
// empty window next to none.
func detail(pixels []uint32) (edges int) {
	const width = 1280
	for from := 0; from+width <= len(pixels); from += 4 * width {
		for i := from + 1; i < from+width; i++ {
			if pixels[i] != pixels[i-1] {
				edges++
			}
		}
	}
	return edges
}
