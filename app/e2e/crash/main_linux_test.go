package crash

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app"
	product "github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens/store"
)

// What the test binary is when it is run again.
const (
	roleVariable  = "CRASHTEST_ROLE"  // asAuthtray, asVictim or asTest
	planVariable  = "CRASHTEST_PLAN"  // of asVictim
	wholeVariable = "CRASHTEST_WHOLE" // of asVictim; set: no record is split where the system needs none to be, as the program does it

	asAuthtray = "authtray" // the program as it is shipped
	asVictim   = "victim"   // an agent that dies by plan
	asTest     = "test"     // one test; see apart
)

// full is for what takes long and shows little that the rest does not show.
var full = flag.Bool("full", false, "everything: each call to the keychain on a real one too, whatever the size of the record")

// hangTime ends a wait for what never comes. It says nothing about how long
// anything may take: on a busy machine all of it may be slow.
const hangTime = 5 * time.Minute

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case asAuthtray:
		os.Exit(app.Main(app.Build{Version: "test"}))
	case asVictim:
		if err := victim(); err != nil {
			fmt.Fprintln(os.Stderr, "victim:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	flag.Set("test.parallel", "6") // agents wait more than they compute
	if os.Getenv(roleVariable) == asTest {
		flag.Set("test.parallel", "12") // and they are of one test, or in this process
	}
	os.Exit(m.Run())
}

// victim is the agent's process, without tray and desktop.
func victim() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	paths, err := config.Find()
	if err != nil {
		return err
	}
	unlock, err := api.Lock(paths.Lock())
	if err != nil {
		return err
	}
	defer unlock()
	tellVitals(paths.State)
	p, err := parsePlan(os.Getenv(planVariable), paths.State)
	if err != nil {
		return err
	}
	items := store.RawKeychain(paths.Service(), slog.New(slog.DiscardHandler))
	if os.Getenv(wholeVariable) == "" {
		items = mortal{items, p}
	}
	kept := store.Split(items)
	defer kept.Close()
	a := product.NewAgent(product.Options{
		Paths: paths, Store: survived{kept, p}, Version: "test", Notify: &mortalDiary{seenDiary{diary: diary(filepath.Join(paths.State, "diary"))}, p}, Step: p.step,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	return a.Run(ctx)
}

// eventually waits for something that another process brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(hangTime); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}

// apart runs a test in a process of its own, beside others, and reports whether
// this is that process. A process has one session bus at a time, so that tests
// which start one could only run one after the other, and they mostly wait.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(roleVariable) == asTest {
		return true
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, apartFlags(t)...)
	cmd.Env = append(os.Environ(), roleVariable+"="+asTest)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP: "+t.Name()+" "):
		t.Skipf("\n%s", out)
	default:
		t.Logf("\n%s", out)
	}
	return false
}

// apartFlags are those that this process was given, for one test. It has less
// time than this process, so that what it says when its time is over is heard.
func apartFlags(t *testing.T) []string {
	only := "^" + t.Name() + "$"
	if _, subtests, ok := strings.Cut(flag.Lookup("test.run").Value.String(), "/"); ok {
		only += "/" + subtests
	}
	args := []string{"-test.v=true", "-test.run=" + only}
	if end, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+(time.Until(end)*19/20).String())
	}
	flag.Visit(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") {
			args = append(args, "-"+f.Name+"="+f.Value.String())
		}
	})
	return args
}
