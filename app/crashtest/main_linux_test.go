package crashtest

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/tokens/store"
)

// What the test binary is when it is run again.
const (
	roleVariable = "CRASHTEST_ROLE" // asAuthtray or asVictim
	planVariable = "CRASHTEST_PLAN" // of asVictim

	asAuthtray = "authtray" // the program as it is shipped
	asVictim   = "victim"   // an agent that dies by plan
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case asAuthtray:
		os.Exit(app.Main("test"))
	case asVictim:
		if err := victim(); err != nil {
			fmt.Fprintln(os.Stderr, "victim:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	flag.Set("test.parallel", "4") // agents wait more than they compute
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
	unlock, err := socket.Lock(paths.Lock())
	if err != nil {
		return err
	}
	defer unlock()
	tellVitals(paths.State)
	p, err := parsePlan(os.Getenv(planVariable), paths.State)
	if err != nil {
		return err
	}
	kept := store.Split(mortal{store.RawKeychain(paths.Service()), p})
	defer kept.Close()
	a := app.NewAgent(app.Options{
		Paths: paths, Store: kept, Version: "test", Notify: mortalDiary{diary(filepath.Join(paths.State, "diary")), p}, Step: p.step,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	return a.Run(ctx)
}

// eventually waits for something that another process brings about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came to be: %s", what)
		}
	}
}
