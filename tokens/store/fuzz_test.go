package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/authtray/authtray/tokens/store"
	"github.com/authtray/authtray/tokens/store/storetest"
)

// FuzzChunkedItem puts any value in, changes any one item to any text, and
// wants the value back or a clear word. A head that is not a manifest is a
// value as it stands: only then may another one come back.
func FuzzChunkedItem(f *testing.F) {
	for _, value := range storetest.Values() {
		f.Add(value, uint16(0), "")
		f.Add(value, uint16(1), "x")
		f.Add(value, uint16(0), `authtray-parts:{"v":1,"slot":"a","n":2,"sum":"e3b0"}`)
		f.Add(value, uint16(0), `authtray-parts:{"v":1,"slot":"a","n":-1}`)
		f.Add(value, uint16(0), `authtray-parts:{"v":9,"slot":"b","n":1}`)
		f.Add(value, uint16(0), "authtray-base64:=")
	}
	f.Fuzz(func(t *testing.T, value []byte, which uint16, text string) {
		items, ctx := storetest.NewItems().LikeWindows(), storetest.Context(t)
		if err := store.Split(items).Set(ctx, "work", value); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Split(items).Get(ctx, "work"); err != nil || !bytes.Equal(got, value) {
			t.Fatalf("%d bytes came back as %d: %v", len(value), len(got), err)
		}
		names := items.Names()
		name := names[int(which)%len(names)]
		items.Put(name, text)
		got, err := store.Split(items).Get(ctx, "work")
		switch {
		case err == nil && name != "work" && !bytes.Equal(got, value):
			t.Fatalf("a changed part went unnoticed")
		case err == nil || errors.Is(err, store.ErrCorrupt):
		case errors.Is(err, store.ErrAbsent) && name == "work" && text == "":
		default:
			t.Fatalf("%s changed: %v", name, err)
		}
		if err := store.Split(items).Set(ctx, "work", value); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Split(items).Get(ctx, "work"); err != nil || !bytes.Equal(got, value) {
			t.Fatalf("after writing again: %v", err)
		}
		for _, name := range items.Names() {
			if text := items.Text(name); len(text) > store.MaxItem || !ascii(text) {
				t.Fatal(fmt.Errorf("item %s: %d bytes", name, len(text)))
			}
		}
	})
}

func ascii(text string) bool {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return text != ""
}
