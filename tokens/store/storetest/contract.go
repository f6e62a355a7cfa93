package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authtray/authtray/tokens/store"
)

// Patience ends a wait for what never comes. It says nothing about how long
// anything may take: on a busy machine all of it may be slow.
const Patience = 3 * time.Minute

// Context ends with the test, or when Patience does.
func Context(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Run tests what store.Store promises. newStore makes an open, empty store.
func Run(t *testing.T, newStore func(t *testing.T) store.Store) {
	for name, test := range map[string]func(t *testing.T, s store.Store){
		"AbsentIsSaidPlainly":          testAbsent,
		"ValuesComeBackAsTheyWere":     testValues,
		"AValueIsReplacedWhole":        testReplace,
		"DeletedIsAbsent":              testDelete,
		"KeysAreIndependent":           testKeys,
		"TheCallersSliceIsItsOwn":      testSlices,
		"AnEndedContextIsUnavailable":  testEndedContext,
		"BadKeysAreRefused":            testBadKeys,
		"ConcurrentUseKeepsEveryValue": testConcurrent,
		"AnOpenStoreCanBeUsed":         testOpen,
		"ATooLargeValueIsRefused":      testTooLarge,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			t.Cleanup(func() { _ = s.Close() })
			test(t, s)
		})
	}
}

// Values are awkward ones: around every limit, and like what a store writes itself.
func Values() map[string][]byte {
	values := map[string][]byte{
		"empty":    {},
		"json":     []byte(`{"v":1,"refresh_token":"abc"}`),
		"manifest": []byte(`authtray-parts:{"v":1,"slot":"a","n":1,"sum":"00"}`),
		"base64":   []byte("authtray-base64:AAAA"),
		"spaces":   []byte(" around "),
		"lines":    []byte("one\ntwo\n"),
		"utf8":     []byte("naïve – 鍵"),
		"binary":   {0, 1, 2, 0xff, 0xfe},
		"50kB":     pattern(50_000),
		"50kBbin":  bytes.Repeat([]byte{0, 0xff, 'x'}, 17_000),
	}
	for _, n := range []int{1, store.MaxItem - 1, store.MaxItem, store.MaxItem + 1, 2 * store.MaxItem, 2*store.MaxItem + 1} {
		values[fmt.Sprint(n)] = pattern(n)
	}
	return values
}

// pattern is n printable bytes in which every place differs from its neighbours.
func pattern(n int) []byte {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		fmt.Fprintf(&text, "%x.", i)
	}
	return []byte(text.String()[:n])
}

func mustSet(t *testing.T, s store.Store, key string, value []byte) {
	t.Helper()
	if err := s.Set(Context(t), key, value); err != nil {
		t.Fatalf("Set(%s, %d bytes): %v", key, len(value), err)
	}
}

func mustGet(t *testing.T, s store.Store, key string, want []byte) {
	t.Helper()
	got, err := s.Get(Context(t), key)
	if err != nil {
		t.Fatalf("Get(%s): %v", key, err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("Get(%s) = %d bytes %.40q, want %d bytes %.40q", key, len(got), got, len(want), want)
	}
}

func mustBe(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func testTooLarge(t *testing.T, s store.Store) {
	before := []byte("before")
	mustSet(t, s, "k", before)
	mustBe(t, s.Set(Context(t), "k", pattern(store.MaxValue+1)), store.ErrTooLarge)
	mustGet(t, s, "k", before)
}

func testAbsent(t *testing.T, s store.Store) {
	_, err := s.Get(Context(t), "never-set")
	mustBe(t, err, store.ErrAbsent)
}

func testValues(t *testing.T, s store.Store) {
	for name, value := range Values() {
		mustSet(t, s, "k-"+name, value)
		mustGet(t, s, "k-"+name, value)
	}
	for name, value := range Values() {
		mustGet(t, s, "k-"+name, value)
	}
}

func testReplace(t *testing.T, s store.Store) {
	for _, n := range []int{10, 50_000, 4_001, 50_001, 20, 2_001, 2_000, 0, 6_000} {
		value := pattern(n)
		mustSet(t, s, "work", value)
		mustGet(t, s, "work", value)
	}
}

func testDelete(t *testing.T, s store.Store) {
	if err := s.Delete(Context(t), "work"); err != nil {
		t.Fatalf("deleting an absent key: %v", err)
	}
	for _, n := range []int{10, 9_000} {
		mustSet(t, s, "work", pattern(n))
		if err := s.Delete(Context(t), "work"); err != nil {
			t.Fatal(err)
		}
		_, err := s.Get(Context(t), "work")
		mustBe(t, err, store.ErrAbsent)
	}
	mustSet(t, s, "work", []byte("again"))
	mustGet(t, s, "work", []byte("again"))
}

func testKeys(t *testing.T, s store.Store) {
	keys := []string{"work", "work#secret", "work2", "w", "work.2-x_y", "Work"}
	for i, key := range keys {
		mustSet(t, s, key, pattern(3000+i))
	}
	if err := s.Delete(Context(t), "work"); err != nil {
		t.Fatal(err)
	}
	for i, key := range keys[1:] {
		mustGet(t, s, key, pattern(3001+i))
	}
}

func testSlices(t *testing.T, s store.Store) {
	value := []byte("mine")
	mustSet(t, s, "work", value)
	value[0] = 'X'
	got, err := s.Get(Context(t), "work")
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "XXXX")
	mustGet(t, s, "work", []byte("mine"))
}

func testEndedContext(t *testing.T, s store.Store) {
	mustSet(t, s, "work", []byte("old"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Get(ctx, "work")
	mustBe(t, err, store.ErrUnavailable)
	mustBe(t, s.Set(ctx, "work", []byte("new")), store.ErrUnavailable)
	mustBe(t, s.Delete(ctx, "work"), store.ErrUnavailable)
	mustGet(t, s, "work", []byte("old"))
}

func testBadKeys(t *testing.T, s store.Store) {
	for _, key := range []string{"", "a b", "a\nb", "a'b", "work#a.0", "#x", "é", strings.Repeat("k", 200)} {
		mustBe(t, s.Set(Context(t), key, []byte("x")), store.ErrUnavailable)
		mustBe(t, s.Delete(Context(t), key), store.ErrUnavailable)
		_, err := s.Get(Context(t), key)
		mustBe(t, err, store.ErrUnavailable)
	}
}

func testConcurrent(t *testing.T, s store.Store) {
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			key := fmt.Sprintf("k%d", worker%4) // two workers share a key
			for i := range 5 {
				value := bytes.Repeat([]byte{byte('a' + worker)}, 1500+i*400)
				if err := s.Set(Context(t), key, value); err != nil {
					t.Errorf("Set: %v", err)
				}
				got, err := s.Get(Context(t), key)
				if err != nil || len(bytes.Trim(got, string(got[:1]))) != 0 {
					t.Errorf("Get: a mixture of %d bytes, %v", len(got), err)
				}
			}
		})
	}
	all.Wait()
}

func testOpen(t *testing.T, s store.Store) {
	if err := s.Check(Context(t)); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := s.Unlock(Context(t)); err != nil {
		t.Errorf("Unlock of an open store: %v", err)
	}
	if kind := s.Kind(); kind != "keychain" && kind != "file" && kind != "memory" {
		t.Errorf("Kind = %q", kind)
	}
}
