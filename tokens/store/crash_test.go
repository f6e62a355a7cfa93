package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// sized is n bytes that all say which value they belong to.
func sized(mark byte, n int) []byte { return bytes.Repeat([]byte{mark}, n) }

// changes are the ways from one value to the next; nil is absence.
var changes = map[string][2][]byte{
	"first small":     {nil, sized('n', 100)},
	"first large":     {nil, sized('n', 7000)},
	"small to small":  {sized('o', 100), sized('n', 200)},
	"small to large":  {sized('o', 100), sized('n', 7000)},
	"large to small":  {sized('o', 7000), sized('n', 100)},
	"large to large":  {sized('o', 7000), sized('n', 7000)},
	"large to larger": {sized('o', 5000), sized('n', 11000)},
	"large to less":   {sized('o', 11000), sized('n', 5000)},
	"small to none":   {sized('o', 100), nil},
	"large to none":   {sized('o', 7000), nil},
}

func set(ctx context.Context, s store.Store, value []byte) error {
	if value == nil {
		return s.Delete(ctx, "work")
	}
	return s.Set(ctx, "work", value)
}

// value reads what is there; nil is absence. Any other error fails the test.
func value(t *testing.T, s store.Store) []byte {
	t.Helper()
	got, err := s.Get(storetest.Context(t), "work")
	if errors.Is(err, store.ErrAbsent) {
		return nil
	}
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return got
}

// TestEveryCutLeavesTheOldValueOrTheNew strikes each single keychain call of
// each kind of change with each fault, and looks at what a new process finds.
func TestEveryCutLeavesTheOldValueOrTheNew(t *testing.T) {
	for name, change := range changes {
		for fault := storetest.Fail; fault <= storetest.CrashLate; fault++ {
			if fault == storetest.Hang {
				continue // TestLateWriteNeverOvertakesANewerOne
			}
			t.Run(name+"/"+fault.String(), func(t *testing.T) {
				for k := 1; cut(t, change[0], change[1], k, fault); k++ {
				}
			})
		}
	}
}

// cut strikes the k-th call, and says whether there was one.
func cut(t *testing.T, old, new []byte, k int, fault storetest.Fault) bool {
	t.Helper()
	ctx, items := storetest.Context(t), storetest.NewItems()
	if err := set(ctx, store.Split(items), old); err != nil {
		t.Fatal(err)
	}
	faults := storetest.NewFaults().At(k, fault)
	said := set(ctx, store.Split(storetest.FaultyItems(items, faults)), new)

	got := value(t, store.Split(items))
	if !bytes.Equal(got, new) && (said == nil || !bytes.Equal(got, old)) {
		t.Fatalf("call %d: %v, then %d bytes %.10q", k, said, len(got), got)
	}
	if said == nil && new == nil && len(items.Names()) > 0 {
		t.Fatalf("call %d: deletion is said to be done, but %v is left", k, items.Names())
	}
	checkRecovery(t, items, k)
	return faults.Count() >= k
}

// checkRecovery: the next changes work, and leave nothing but their own items.
func checkRecovery(t *testing.T, items *storetest.Items, k int) {
	t.Helper()
	ctx, s := storetest.Context(t), store.Split(items)
	for _, next := range [][]byte{sized('x', 4500), sized('y', 50)} {
		if err := set(ctx, s, next); err != nil || !bytes.Equal(value(t, s), next) {
			t.Fatalf("call %d: afterwards, Set: %v", k, err)
		}
		want := 1
		if len(next) > store.MaxItem {
			want = 4
		}
		if len(items.Names()) != want {
			t.Fatalf("call %d: %d bytes left %v", k, len(next), items.Names())
		}
	}
}

func TestAnAbandonedWriteIsNoValueAndGoesWithTheNextChange(t *testing.T) {
	for _, next := range [][]byte{nil, sized('x', 10)} {
		items := storetest.NewItems()
		faults := storetest.NewFaults().At(8, storetest.Crash) // parts are there, the head is not
		_ = store.Split(storetest.FaultyItems(items, faults)).Set(storetest.Context(t), "work", sized('n', 7000))
		before := len(items.Names())
		if before == 0 {
			t.Fatal("the crash left nothing: this test shows nothing")
		}
		s := store.Split(items)
		if got := value(t, s); got != nil || len(items.Names()) != before {
			t.Fatalf("Get returns %d bytes and leaves %v", len(got), items.Names())
		}
		if err := set(storetest.Context(t), s, next); err != nil {
			t.Fatal(err)
		}
		if want := len(next) / 10; len(items.Names()) != want {
			t.Fatalf("left over: %v", items.Names())
		}
	}
}

// TestLateWriteNeverOvertakesANewerOne hangs each call of a write in turn.
func TestLateWriteNeverOvertakesANewerOne(t *testing.T) {
	for k := 1; hang(t, k); k++ {
	}
}

func hang(t *testing.T, k int) bool {
	t.Helper()
	items := storetest.NewItems()
	faults := storetest.NewFaults().At(k, storetest.Hang)
	s := store.Split(storetest.FaultyItems(items, faults))
	ctx, giveUp := context.WithCancel(storetest.Context(t))
	done := make(chan error, 1)
	go func() { done <- s.Set(ctx, "work", sized('o', 7000)) }()
	select {
	case <-faults.Hung():
	case err := <-done: // fewer than k calls
		if err != nil {
			t.Fatal(err)
		}
		giveUp()
		return false
	}
	giveUp()
	if err := <-done; !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("call %d hangs: %v", k, err)
	}
	othersGoOn(t, s)
	newer := make(chan error, 1)
	go func() { newer <- s.Set(storetest.Context(t), "work", sized('n', 6000)) }()
	faults.Release()
	if err := <-newer; err != nil {
		t.Fatalf("call %d: the newer write: %v", k, err)
	}
	if got := value(t, store.Split(items)); !bytes.Equal(got, sized('n', 6000)) {
		t.Fatalf("call %d: %d bytes %.10q overtook the newer write", k, len(got), got)
	}
	return true
}

func othersGoOn(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Set(storetest.Context(t), "other", []byte("x")); err != nil {
		t.Fatalf("another key while one hangs: %v", err)
	}
	if err := s.Check(storetest.Context(t)); err != nil {
		t.Fatalf("Check while a key hangs: %v", err)
	}
	ctx, giveUp := context.WithTimeout(storetest.Context(t), 20*time.Millisecond)
	defer giveUp()
	if err := s.Set(ctx, "work", sized('x', 10)); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("a write on the key that hangs: %v", err)
	}
}

func TestDamagedPartsAreCorruptNeverAbsent(t *testing.T) {
	for name, damage := range map[string]func(*storetest.Items){
		"part gone":        func(i *storetest.Items) { i.Put("work#a.1", "") },
		"part changed":     func(i *storetest.Items) { i.Put("work#a.2", "zzz") },
		"parts swapped":    func(i *storetest.Items) { i.Put("work#a.0", i.Text("work#a.3")) },
		"head cut":         func(i *storetest.Items) { i.Put("work", i.Text("work")[:30]) },
		"newer version":    func(i *storetest.Items) { i.Put("work", strings.Replace(i.Text("work"), `"v":1`, `"v":2`, 1)) },
		"absurd count":     func(i *storetest.Items) { i.Put("work", strings.Replace(i.Text("work"), `"n":4`, `"n":4000000000`, 1)) },
		"base64 of a head": func(i *storetest.Items) { i.Put("work", "authtray-base64:%%%") },
	} {
		t.Run(name, func(t *testing.T) {
			items := storetest.NewItems()
			if err := store.Split(items).Set(storetest.Context(t), "work", []byte(patterned(7000))); err != nil {
				t.Fatal(err)
			}
			damage(items)
			s := store.Split(items)
			if _, err := s.Get(storetest.Context(t), "work"); !errors.Is(err, store.ErrCorrupt) {
				t.Fatalf("Get: %v, want ErrCorrupt", err)
			}
			checkRecovery(t, items, 0)
		})
	}
}

func TestNoPartIsLeftOfAValueThatLacksOne(t *testing.T) {
	for _, slot := range []string{"a", "b"} {
		for name, next := range map[string][]byte{"small": sized('x', 10), "large": sized('x', 5000), "none": nil} {
			t.Run(slot+", "+name, func(t *testing.T) {
				ctx, items := storetest.Context(t), storetest.NewItems()
				for old := "a"; ; old = "b" {
					if err := store.Split(items).Set(ctx, "work", []byte(patterned(7000))); err != nil {
						t.Fatal(err)
					}
					if old == slot {
						break
					}
				}
				items.Put("work#"+slot+".1", "")
				if err := set(ctx, store.Split(items), next); err != nil {
					t.Fatal(err)
				}
				if got := value(t, store.Split(items)); !bytes.Equal(got, next) {
					t.Errorf("read as %d bytes", len(got))
				}
				for _, left := range items.Names() {
					if strings.Contains(left, "#"+slot+".") {
						t.Errorf("%s is left", left)
					}
				}
			})
		}
	}
}

func patterned(n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		fmt.Fprintf(&text, "%x.", i)
	}
	return text.String()[:n]
}

func TestLockedIsSaidAndHealsByItself(t *testing.T) {
	items := storetest.NewItems()
	s, ctx := store.Split(items), storetest.Context(t)
	if err := s.Set(ctx, "work", []byte("v")); err != nil {
		t.Fatal(err)
	}
	items.Lock()
	_, err := s.Get(ctx, "work")
	for what, err := range map[string]error{"Get": err, "Set": s.Set(ctx, "work", nil), "Delete": s.Delete(ctx, "work"), "Check": s.Check(ctx)} {
		if !errors.Is(err, store.ErrLocked) {
			t.Errorf("%s: %v, want ErrLocked", what, err)
		}
	}
	if err := s.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	<-s.Changed()
	if got := value(t, s); string(got) != "v" {
		t.Fatalf("after unlocking: %q", got)
	}
}

func TestAnUnclassifiedErrorIsUnavailableNeverAbsent(t *testing.T) {
	faults := storetest.NewFaults()
	faults.Always(storetest.Lie) // of Get: an error that nobody knows
	_, err := store.Split(storetest.FaultyItems(storetest.NewItems(), faults)).Get(storetest.Context(t), "work")
	if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrAbsent) {
		t.Fatalf("got %v", err)
	}
}

// roomy are items of which one holds a value of any length, as on Linux.
type roomy struct{ *storetest.Items }

func (roomy) MaxItem() int { return 1 << 20 }

func TestValueInPartsIsReadWhereOneItemHoldsIt(t *testing.T) {
	ctx, items := storetest.Context(t), storetest.NewItems()
	if err := store.Split(items).Set(ctx, "work", sized('o', 7000)); err != nil {
		t.Fatal(err)
	}
	s := store.Split(roomy{items})
	if got := value(t, s); !bytes.Equal(got, sized('o', 7000)) {
		t.Fatalf("the value in parts is read as %d bytes", len(got))
	}
	for range 2 {
		if err := s.Set(ctx, "work", sized('n', 9000)); err != nil {
			t.Fatal(err)
		}
		if names := items.Names(); len(names) != 1 {
			t.Errorf("the items are %v, not one", names)
		}
		if got := value(t, s); !bytes.Equal(got, sized('n', 9000)) {
			t.Errorf("read as %d bytes", len(got))
		}
	}
}
