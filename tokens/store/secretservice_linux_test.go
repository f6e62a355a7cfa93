package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

const (
	service  = "authtray-test"
	password = "throw-away"
)

func newKeychain(t testing.TB) store.Store {
	t.Helper()
	s := store.Keychain(service, noLog)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// wantCheck waits, guided by the store's own hints, until Check says want.
func wantCheck(t *testing.T, s store.Store, want error) {
	t.Helper()
	ctx := storetest.Context(t)
	for {
		err := s.Check(ctx)
		if errors.Is(err, want) {
			return
		}
		select {
		case <-s.Changed():
		case <-ctx.Done():
			t.Fatalf("Check says %v and no hint comes, want %v", err, want)
		}
	}
}

func wantAll(t *testing.T, s store.Store, want error) {
	t.Helper()
	ctx := storetest.Context(t)
	_, got := s.Get(ctx, "work")
	for what, err := range map[string]error{
		"Get": got, "Set": s.Set(ctx, "work", []byte("wrong")), "Delete": s.Delete(ctx, "work"), "Check": s.Check(ctx),
	} {
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
}

func wantValue(t *testing.T, s store.Store, want string) {
	t.Helper()
	if got, err := s.Get(storetest.Context(t), "work"); err != nil || string(got) != want {
		t.Fatalf("Get: %.20q, %v", got, err)
	}
}

func keep(t *testing.T, s store.Store, value string) {
	t.Helper()
	if err := s.Set(storetest.Context(t), "work", []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func TestKeychainKeepsTheContractOverGnomeKeyring(t *testing.T) {
	storetest.StartBus(t).StartKeyring(password)
	n := 0
	storetest.Run(t, func(*testing.T) store.Store {
		n++ // an empty one each time
		return store.Keychain(fmt.Sprintf("%s-%d", service, n), noLog)
	})
}

func TestKeychainLockedAtStartIsTakenUpWhenItOpens(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring := bus.StartKeyring(password)
	keep(t, newKeychain(t), "v")
	keyring.Kill()
	keyring = bus.StartKeyring("") // as after a login without a password
	s := newKeychain(t)
	wantAll(t, s, store.ErrLocked)
	keyring.Unlock(password)
	wantCheck(t, s, nil)
	wantValue(t, s, "v")
}

func TestKeychainLockedDuringUseAndUnlockedInTheDialog(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	s := newKeychain(t)
	keep(t, s, "v")
	keyring.Lock()
	wantCheck(t, s, store.ErrLocked)
	wantAll(t, s, store.ErrLocked)
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(storetest.Context(t)) }()
	dialog := prompter.Await()
	wantAll(t, s, store.ErrLocked) // nobody waits for the dialog
	dialog.Answer(password)
	if err := <-unlocked; err != nil {
		t.Fatalf("Unlock: %v", err)
	}
	wantValue(t, s, "v")
	if prompter.Waiting() != 0 {
		t.Error("something but Unlock asked the user")
	}
}

func TestUnlockDismissedOrWrongIsLocked(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	keyring.Lock()
	s := newKeychain(t)
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(storetest.Context(t)) }()
	prompter.Await().Answer("wrong") // gnome-keyring asks again
	prompter.Await().Dismiss()
	if err := <-unlocked; !errors.Is(err, store.ErrLocked) {
		t.Fatalf("Unlock: %v, want ErrLocked", err)
	}
	wantCheck(t, s, store.ErrLocked)
}

func TestUnansweredUnlockEndsWithItsContextAndTheDialogCounts(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	s := newKeychain(t)
	keep(t, s, "v")
	keyring.Lock()
	ctx, giveUp := context.WithCancel(storetest.Context(t))
	unlock := func(ctx context.Context) chan error {
		unlocked := make(chan error, 1)
		go func() { unlocked <- s.Unlock(ctx) }()
		return unlocked
	}
	first := unlock(ctx)
	dialog := prompter.Await()
	giveUp()
	if err := <-first; !errors.Is(err, store.ErrLocked) {
		t.Fatalf("Unlock: %v, want ErrLocked", err)
	}
	wantAll(t, s, store.ErrLocked)
	second := unlock(storetest.Context(t)) // waits for the dialog that is there
	dialog.Answer(password)
	if err := <-second; err != nil {
		t.Fatalf("Unlock with a late answer: %v", err)
	}
	wantValue(t, s, "v")
	if prompter.Waiting() != 0 {
		t.Error("a second dialog was put on top of the first")
	}
}

func TestUnlockEndsWhenTheKeychainIsOpenedElsewhere(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	s := newKeychain(t)
	keyring.Lock()
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(storetest.Context(t)) }()
	prompter.Await()
	keyring.Unlock(password)
	if err := <-unlocked; err != nil {
		t.Fatalf("Unlock: %v", err)
	}
}

func TestUnlockMakesTheFirstCollection(t *testing.T) {
	bus := storetest.StartBus(t)
	bus.StartKeyring("")
	prompter := bus.StartPrompter()
	s := newKeychain(t)
	wantAll(t, s, store.ErrLocked)
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(storetest.Context(t)) }()
	prompter.Await().Answer("new " + password)
	if err := <-unlocked; err != nil {
		t.Fatalf("Unlock: %v", err)
	}
	keep(t, s, "v")
	wantValue(t, s, "v")
}

func TestKeychainOutlivesItsDaemon(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring := bus.StartKeyring(password)
	s := newKeychain(t)
	keep(t, s, strings.Repeat("v", 5000))
	keyring.Kill()
	wantCheck(t, s, store.ErrUnavailable)
	wantAll(t, s, store.ErrUnavailable)
	bus.StartKeyring(password)
	wantCheck(t, s, nil)
	wantValue(t, s, strings.Repeat("v", 5000))
	keep(t, s, "w")
}

func TestKeychainOutlivesTheBus(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring := bus.StartKeyring(password)
	s := newKeychain(t)
	keep(t, s, "v")
	bus.Kill()
	keyring.Forget()
	wantCheck(t, s, store.ErrUnavailable)
	wantAll(t, s, store.ErrUnavailable)
	bus.Start()
	wantAll(t, s, store.ErrUnavailable) // a bus without a Secret Service
	bus.StartKeyring(password)
	wantCheck(t, s, nil)
	wantValue(t, s, "v")
	keep(t, s, "w")
}

func TestADaemonThatAnswersNothingHoldsNobodyUp(t *testing.T) {
	keyring := storetest.StartBus(t).StartKeyring(password)
	s := newKeychain(t)
	keep(t, s, "v")
	keyring.Stop()
	for what, call := range map[string]func(context.Context) error{
		"Get":   func(ctx context.Context) error { _, err := s.Get(ctx, "work"); return err },
		"Set":   func(ctx context.Context) error { return s.Set(ctx, "work", []byte("late")) },
		"Check": s.Check,
	} {
		ctx, cancel := context.WithTimeout(storetest.Context(t), 50*time.Millisecond)
		if err := call(ctx); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", what, err)
		}
		cancel()
	}
	keyring.Continue()
	keep(t, s, "w")
	wantValue(t, s, "w")
}

func TestUnlockWhileTheDaemonDiesIsUnavailable(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	keyring.Lock()
	s := newKeychain(t)
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(storetest.Context(t)) }()
	prompter.Await()
	keyring.Kill()
	if err := <-unlocked; !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Unlock: %v, want ErrUnavailable", err)
	}
}

// go-keyring waits for ever in a prompt; the store ends that.
func TestPromptInsideGoKeyringDoesNotHoldItsKeyForEver(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	keep(t, newKeychain(t), "v")
	keyring.Lock()
	s := store.Split(store.WithoutLockCheck(store.RawKeychain(service, noLog)))
	t.Cleanup(func() { _ = s.Close() })
	ctx, giveUp := context.WithCancel(storetest.Context(t))
	done := make(chan error, 1)
	go func() { done <- s.Set(ctx, "work", []byte("late")) }()
	prompter.Await()
	giveUp()
	if err := <-done; !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Set: %v, want ErrUnavailable", err)
	}
	keyring.Unlock(password)
	var err error
	storetest.Eventually(t, "the key to be free", func() bool {
		_, err = s.Get(storetest.Context(t), "work")
		return err == nil
	})
	wantValue(t, s, "v")
}

func TestItemsChangedByHand(t *testing.T) {
	keyring := storetest.StartBus(t).StartKeyring(password)
	s := newKeychain(t)
	raw := store.RawKeychain(service, noLog)
	t.Cleanup(func() { raw.Close() })
	keep(t, store.Split(struct{ store.Items }{raw}), strings.Repeat("v", 5000)) // in parts, as before
	wantValue(t, s, strings.Repeat("v", 5000))
	tool := func(input string, args ...string) string {
		t.Helper()
		out, err := keyring.SecretTool(input, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if head := tool("", "lookup", "service", service, "username", "work"); !strings.Contains(head, `"n":3`) {
		t.Fatalf("head: %.80q", head)
	}
	tool("", "clear", "service", service, "username", "work#a.1")
	_, err := s.Get(storetest.Context(t), "work")
	if !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("a part is gone: %v, want ErrCorrupt", err)
	}
	keep(t, s, strings.Repeat("w", 5000))
	tool("", "clear", "service", service, "username", "work")
	if _, err = s.Get(storetest.Context(t), "work"); !errors.Is(err, store.ErrAbsent) {
		t.Fatalf("the head is gone: %v, want ErrAbsent", err)
	}
	tool("by hand", "store", "--label=x", "service", service, "username", "work")
	wantValue(t, s, "by hand")
	keep(t, s, "again")
	wantValue(t, s, "again")
	if err := s.Delete(storetest.Context(t), "work"); err != nil {
		t.Fatal(err)
	}
	if out, err := keyring.SecretTool("", "search", "--all", "service", service); err == nil && out != "" {
		t.Fatalf("left over: %q", out)
	}
}

// The tray gives up for good when a signal with fewer than three arguments
// reaches the shared connection.
func TestNothingOfOursDisturbsTheSharedConnection(t *testing.T) {
	bus := storetest.StartBus(t)
	keyring, prompter := bus.StartKeyring(password), bus.StartPrompter()
	shared, err := dbus.SessionBus()
	if err != nil {
		t.Fatal(err)
	}
	settle := func() { // every signal sent so far has arrived
		if err := shared.BusObject().Call("org.freedesktop.DBus.GetId", 0).Err; err != nil {
			t.Fatal(err)
		}
	}
	settle() // the bus greets a new connection
	signals := make(chan *dbus.Signal, 100)
	shared.Signal(signals)
	s := newKeychain(t)
	keyring.Lock()
	wantCheck(t, s, store.ErrLocked)
	unlocked := make(chan error, 1)
	go func() { unlocked <- s.Unlock(storetest.Context(t)) }()
	prompter.Await().Answer(password)
	if err := <-unlocked; err != nil {
		t.Fatal(err)
	}
	keep(t, s, "v")
	ctx, giveUp := context.WithCancel(storetest.Context(t))
	giveUp()
	_, _ = s.Get(ctx, "work")
	settle()
	shared.RemoveSignal(signals)
	close(signals)
	for signal := range signals {
		if len(signal.Body) < 3 {
			t.Errorf("%s reached the shared connection with %d arguments", signal.Name, len(signal.Body))
		}
	}
}

// Without a bus godbus would run dbus-launch.
func TestNoBusIsStarted(t *testing.T) {
	dir := t.TempDir()
	launched := filepath.Join(dir, "launched")
	script := "#!/bin/sh\ntouch " + launched + "\nexit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	s := newKeychain(t)
	err := s.Check(storetest.Context(t))
	if !store.ForbidBusLaunch() {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Check: %v, want ErrUnavailable", err)
		}
		wantAll(t, s, store.ErrUnavailable)
		if _, err := dbus.SessionBus(); err == nil {
			t.Error("the shared connection found a bus")
		}
	}
	if _, err := os.Stat(launched); err == nil {
		t.Error("dbus-launch was run")
	}
}

func TestABusThatComesLaterIsTakenUp(t *testing.T) {
	bus := storetest.StartBus(t)
	bus.Kill()
	s := newKeychain(t)
	wantAll(t, s, store.ErrUnavailable)
	bus.Start()
	bus.StartKeyring(password)
	wantCheck(t, s, nil)
	keep(t, s, "v")
}
