package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authtray/authtray/providers/practice/practicetest"
	"github.com/authtray/authtray/providers/practice/server"
	"github.com/authtray/authtray/tokens"
)

// commands are what scripts can do beside testscript's own:
//
//	exits CODE program args…   the exact exit code; an error is one line on stderr
//	agent [args…]              run an agent in the background until the script ends, and wait for it
//	agent-asked FILE [args…]   the same, with FILE on stdin
//	provider [lifetime]        a practice provider; its port in $PORT
//	revoke USER                "Remove access" at the provider
//	grants N                   how many grants the provider holds
//	reject FILE                the provider's API no longer takes the token in FILE
//	signin USER HOW program…   run it, and answer as USER at the address that it prints: visit, paste,
//	                           paste-wrong, deny, device or device-deny; its output and exit code in the
//	                           files out, err and code
//	occupy                     a port that is taken; in $TAKEN
//	nobody CODE args…          authtray as a user who may not write the configuration folder
//	watching FILE args…        authtray in the background until the script ends, its output in FILE and FILE.err;
//	                           returns when it has said something
//	await FILE CODE            the end of that
//	aged NAME                  waits until the token is no longer one that was just renewed
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits": exits,
	"agent": func(ts *testscript.TestScript, _ bool, args []string) { agent(ts, "/dev/null", args) },
	"agent-asked": func(ts *testscript.TestScript, _ bool, args []string) {
		agent(ts, ts.MkAbs(args[0]), args[1:])
	},
	"provider": provider,
	"revoke":   revoke,
	"grants":   grants,
	"reject":   reject,
	"signin":   signin,
	"occupy":   occupy,
	"nobody":   nobody,
	"watching": watching,
	"await":    await,
	"aged":     aged,
}

// world is what a script has started.
type world struct {
	testing  *quietT
	provider *practicetest.Provider
	watching map[string]*background
}

// background is a program whose output goes to files.
type background struct {
	cmd   *exec.Cmd
	ended chan error
}

// lacks is the condition [lacks:PROGRAM], with which a script skips itself where it is
// not installed. In continuous integration that is a failure.
func lacks(condition string) (bool, error) {
	program, ok := strings.CutPrefix(condition, "lacks:")
	if !ok {
		return false, fmt.Errorf("there is no condition %s", condition)
	}
	_, err := exec.LookPath(program)
	if err != nil && os.Getenv("CI") != "" {
		return false, fmt.Errorf("this script must run here: %w", err)
	}
	return err != nil, nil
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func (w *world) end() {
	if w.testing != nil {
		w.testing.end()
	}
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := exitCode(ts, ts.Exec(args[1], args[2:]...))
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if want != 0 {
		oneLine(ts, ts.ReadFile("stderr"))
	}
}

func exitCode(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// oneLine: an error is one sentence, which begins with the program's name.
func oneLine(ts *testscript.TestScript, text string) {
	if !strings.HasPrefix(text, "authtray: ") || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		ts.Fatalf("not one sentence: %q", text)
	}
}

// command is a program in the script's surroundings.
func command(ts *testscript.TestScript, program string, args ...string) *exec.Cmd {
	path := program
	if !filepath.IsAbs(program) {
		for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
			if _, err := os.Stat(filepath.Join(dir, program)); err == nil {
				path = filepath.Join(dir, program)
				break
			}
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "XDG_RUNTIME_DIR", "BROWSER", "AUTHTRAY_PROFILE", "AUTHTRAY_STATE", "AUTHTRAY_CONFIG", "HTTPS_PROXY"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}

// hangTime ends a wait for what never comes.
const hangTime = 3 * time.Minute

func agent(ts *testscript.TestScript, stdin string, args []string) {
	cmd := command(ts, "authtray", append([]string{"run", "--no-tray", "--store=memory"}, args...)...)
	log, err := os.Create(ts.MkAbs("agent.log"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = log, log
	asked, err := os.Open(stdin)
	ts.Check(err)
	defer asked.Close()
	cmd.Stdin = asked
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	ts.Defer(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		log.Close()
	})
	for deadline := time.Now().Add(hangTime); !answers(ts, cmd.Process.Pid); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			ts.Fatalf("the agent ended: %s", ts.ReadFile("agent.log"))
		default:
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the agent does not answer: %s", ts.ReadFile("agent.log"))
		}
	}
}

// answers says whether the agent with that pid is the one that serves.
func answers(ts *testscript.TestScript, pid int) bool {
	conn, err := net.Dial("unix", filepath.Join(ts.Getenv("XDG_RUNTIME_DIR"), "authtray", "agent.sock"))
	if err != nil {
		return false
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	ts.Check(err)
	server := 0
	raw.Control(func(fd uintptr) {
		if cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			server = int(cred.Pid)
		}
	})
	return server == pid
}

func provider(ts *testscript.TestScript, _ bool, args []string) {
	o := server.Options{DeviceInterval: time.Second}
	if len(args) > 0 {
		lifetime, err := time.ParseDuration(args[0])
		ts.Check(err)
		o.Lifetime = lifetime
	}
	w := worldOf(ts)
	w.testing = &quietT{}
	w.provider = practicetest.Start(w.testing, o)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.provider.Issuer, "http://"))
	ts.Check(err)
	ts.Setenv("PORT", port)
}

func revoke(ts *testscript.TestScript, _ bool, args []string) {
	if worldOf(ts).provider.Revoke(args[0]) == 0 {
		ts.Fatalf("%s has given no access", args[0])
	}
}

func grants(ts *testscript.TestScript, _ bool, args []string) {
	alive := 0
	for _, g := range worldOf(ts).provider.Grants() {
		if g.Alive() {
			alive++
		}
	}
	if strconv.Itoa(alive) != args[0] {
		ts.Fatalf("the provider holds %d grants, want %s", alive, args[0])
	}
}

func reject(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).provider.RejectAccess(strings.TrimSpace(ts.ReadFile(args[0])))
}

func occupy(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv("TAKEN", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func watching(ts *testscript.TestScript, _ bool, args []string) {
	cmd := command(ts, "authtray", args[1:]...)
	out, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = out, errs
	ts.Check(cmd.Start())
	b := &background{cmd: cmd, ended: make(chan error, 1)}
	go func() { b.ended <- cmd.Wait() }()
	ts.Defer(func() { cmd.Process.Kill() })
	worldOf(ts).watching[args[0]] = b
	for deadline := time.Now().Add(hangTime); ts.ReadFile(args[0]) == ""; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("it says nothing: %s", ts.ReadFile(args[0]+".err"))
		}
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	select {
	case err := <-worldOf(ts).watching[args[0]].ended:
		if got := exitText(ts, err); got != args[1] {
			ts.Fatalf("exit code %s, want %s", got, args[1])
		}
	case <-time.After(hangTime):
		ts.Fatalf("it does not end")
	}
}

// aged waits out the time in which an agent takes a rejection of a new token
// for the tool's own trouble.
func aged(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("authtray", "status", args[0], "--json"))
	var st tokens.Status
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &st))
	time.Sleep(time.Until(st.RefreshedAt.Add(10*time.Second + 500*time.Millisecond)))
}
