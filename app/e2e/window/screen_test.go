//go:build desktop && linux

package window

import (
	"bufio"
	"bytes"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience ends a wait for what never comes. It says nothing about how long a
// program may take.
const patience = 3 * time.Minute

// screen is a display with a window manager, for one test.
type screen struct {
	*testing.T
	display string
	env     []string // of everything that is started
	home    string
	shots   string // prefix of pictures
}

// need says which program is missing: a story that cannot be walked is no story.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is needed: apt-get install xvfb openbox xdotool imagemagick", p)
		}
	}
}

// newScreen starts a display, of 1280 by 900 where the arguments do not say.
func newScreen(t *testing.T, xvfb ...string) *screen {
	t.Helper()
	need(t, "Xvfb", "openbox", "xdotool", "import")
	home, err := os.MkdirTemp("", "story") // short: a socket's name has its limit
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	s := &screen{T: t, home: home}
	s.env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "LANG=en_US.UTF-8", "TZ=UTC",
		"XDG_RUNTIME_DIR=" + home, "XDG_CONFIG_HOME=" + home + "/config", "XDG_STATE_HOME=" + home + "/state", "XDG_CACHE_HOME=" + home + "/cache",
		"DBUS_SESSION_BUS_ADDRESS=unix:path=" + home + "/no-bus"}
	if !slices.Contains(xvfb, "-screen") {
		xvfb = append(xvfb, "-screen", "0", "1280x900x24")
	}
	s.display = s.xvfb(xvfb)
	s.env = append(s.env, "DISPLAY="+s.display)
	return s
}

// xvfb starts a display and returns its name, which the server chooses.
func (s *screen) xvfb(args []string) string {
	s.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		s.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", append(args, "-displayfd", "3")...)
	cmd.ExtraFiles = []*os.File{w}
	s.run(cmd)
	w.Close()
	name, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		s.Fatalf("Xvfb did not start: %v", err)
	}
	return ":" + strings.TrimSpace(name)
}

// run starts a program that ends with the test.
func (s *screen) run(cmd *exec.Cmd) *exec.Cmd {
	s.Helper()
	if cmd.Env == nil {
		cmd.Env = s.env
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// does runs a program to its end and returns what it says.
func (s *screen) does(name string, args ...string) string {
	s.Helper()
	out, err := s.tries(name, args...)
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (s *screen) tries(name string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &out, &errs
	err := cmd.Run()
	if err != nil {
		return errs.String(), err
	}
	return out.String(), nil
}

// until waits for something to be so.
func (s *screen) until(what string, so func() bool) {
	s.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.shot("in-vain")
			s.Fatalf("waited in vain: %s", what)
		}
	}
}

// windows are the visible windows with a title that begins so.
func (s *screen) windows(title string) []string {
	out, err := s.tries("xdotool", "search", "--onlyvisible", "--name", "^"+title)
	if err != nil {
		return nil
	}
	return strings.Fields(out)
}

// the is the one window with a title.
func (s *screen) the(title string) string {
	s.Helper()
	s.until("the window "+title, func() bool { return len(s.windows(title)) == 1 })
	return s.windows(title)[0]
}

// keys presses keys one after the other.
func (s *screen) keys(keys ...string) {
	s.Helper()
	s.does("xdotool", append([]string{"key", "--delay", "60"}, keys...)...)
}

func (s *screen) types(text string) {
	s.Helper()
	s.does("xdotool", "type", "--delay", "30", text)
}

// picture is the screen as it is now.
func (s *screen) picture() []byte {
	s.Helper()
	var out bytes.Buffer
	cmd := exec.Command("import", "-window", "root", "png:-")
	cmd.Env, cmd.Stdout = s.env, &out
	if err := cmd.Run(); err != nil {
		s.Fatalf("import: %v", err)
	}
	return out.Bytes()
}

// calm waits until the screen has stopped changing.
func (s *screen) calm() []byte {
	s.Helper()
	last, same := s.picture(), 0
	for deadline := time.Now().Add(4 * time.Second); same < 4 && time.Now().Before(deadline); same++ {
		time.Sleep(100 * time.Millisecond)
		if next := s.picture(); !bytes.Equal(last, next) {
			last, same = next, -1
		}
	}
	return last
}

// shot leaves a picture of the window among the screenshots.
func (s *screen) shot(name string) {
	s.Helper()
	s.calm()
	if err := os.MkdirAll(s.shots, 0o755); err != nil {
		s.Fatal(err)
	}
	file := filepath.Join(s.shots, name+".png")
	target := "root"
	if w := s.windows("(\\([0-9]+\\) )?Authtray"); len(w) == 1 {
		target = w[0]
	}
	if out, err := s.tries("import", "-window", target, file); err != nil {
		s.Fatalf("import: %v\n%s", err, out)
	}
	if c := colours(s.T, file); c < 50 {
		s.Fatalf("the picture %s has %d colours: nothing is drawn", name, c)
	}
}

// colours counts the colours of a picture, up to a thousand.
func colours(t *testing.T, file string) int {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 2 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X && len(seen) < 1000; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}

// idle fails where the window uses the processor though nothing happens in it.
func (s *screen) idle(when string) {
	s.Helper()
	s.takes(when, 0.03) // it takes a third of that
}

// takes fails where the window takes more than a share of one core. It counts processor
// time, which other programs on a busy machine do not add to.
func (s *screen) takes(when string, most float64) {
	s.Helper()
	const watched = 5 * time.Second
	s.calm()
	pid := s.pidOf(s.the(title))
	before, began := cpuTime(s.T, pid), time.Now()
	time.Sleep(watched)
	share := float64(cpuTime(s.T, pid)-before) / float64(time.Since(began))
	s.Logf("window %s: %.1f %% of a core", when, 100*share)
	if share > most {
		s.Errorf("the window takes %.0f %% of a core %s", 100*share, when)
	}
}

// cpuTime is how long a process has been on a processor, from /proc.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), ") ") // the name before it may hold spaces
	fields := strings.Fields(after)
	var ticks int64 // of 1/100 s: utime and stime, the 14th and 15th field of proc(5)
	for _, f := range fields[14-3 : 15-2] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100)
}

// memory is a process's resident memory, from /proc.
func memory(t *testing.T, pid int) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(kb)
		}
	}
	return "unknown"
}
