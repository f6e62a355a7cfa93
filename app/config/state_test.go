package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/authtray/authtray/providers"
)

func TestAccountsReadEachFileOnceAndWriteThrough(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	ada, grace := providers.Account{ID: "1", Label: "ada"}, providers.Account{ID: "2", Label: "grace"}
	if err := NewAccounts(state).Save("work", ada); err != nil {
		t.Fatal(err)
	}
	a := NewAccounts(state)
	is := func(when string, name string, want providers.Account) {
		t.Helper()
		if got := a.Load(name); got != want {
			t.Errorf("%s: %s is %+v", when, name, got)
		}
	}
	is("as another process left it", "work", ada)
	is("nobody", "play", providers.Account{})
	file := filepath.Join(a.records.dir, "work.json")
	aside := file + ".aside"
	if err := os.Rename(file, aside); err != nil {
		t.Fatal(err)
	}
	is("without its file", "work", ada)
	if err := os.Rename(aside, file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"work", "play"} {
		if err := a.Save(name, grace); err != nil {
			t.Fatal(err)
		}
		is("saved", name, grace)
		if got := NewAccounts(state).Load(name); got != grace {
			t.Errorf("on disk %s is %+v", name, got)
		}
		if err := a.Forget(name); err != nil {
			t.Fatal(err)
		}
		is("forgotten", name, providers.Account{})
		if got := NewAccounts(state).Load(name); got != (providers.Account{}) {
			t.Errorf("on disk %s is still %+v", name, got)
		}
		if err := a.Forget(name); err != nil {
			t.Errorf("forgotten twice: %v", err)
		}
	}
}

func TestAccountsStayAsTheyWereWhereNothingCanBeWritten(t *testing.T) {
	state := t.TempDir()
	a := NewAccounts(state)
	if err := a.Save("work", providers.Account{ID: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(a.records.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.records.dir, nil, 0o600); err != nil { // no folder
		t.Fatal(err)
	}
	if err := a.Save("work", providers.Account{ID: "2"}); err == nil {
		t.Fatal("written where nothing can be")
	}
	if got := a.Load("work"); got.ID != "1" {
		t.Errorf("it is %+v", got)
	}
}

func TestAccountsReadAgainWhatCouldNotBeRead(t *testing.T) {
	state := t.TempDir()
	if err := NewAccounts(state).Save("work", providers.Account{ID: "1"}); err != nil {
		t.Fatal(err)
	}
	a := NewAccounts(state)
	file := filepath.Join(a.records.dir, "work.json")
	aside := file + ".aside"
	if err := os.Rename(file, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := a.Load("work"); got != (providers.Account{}) {
		t.Errorf("read as %+v", got)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, file); err != nil {
		t.Fatal(err)
	}
	if got := a.Load("work"); got.ID != "1" {
		t.Errorf("it is %+v", got)
	}
}

// Looking at another place for a moment (the file is edited and edited back) must not
// forget a client that a living grant was made with.
func TestAClientWithASecretOutlivesALookElsewhere(t *testing.T) {
	c := NewClients(t.TempDir())
	a := Registered{Registration: providers.Registration{Issuer: "https://a.example", ClientID: "a", Auth: "none"}, Place: "https://a.example"}
	b := Registered{Registration: providers.Registration{Issuer: "https://b.example", ClientID: "b", Auth: "basic"}, Place: "https://b.example"}
	if err := c.Save("files", b.Before(a)); err != nil {
		t.Fatal(err)
	}
	if got := c.At("files", "https://a.example"); got.ClientID != "a" {
		t.Fatal(got.ClientID)
	}
	if got := c.At("files", "https://b.example"); got.ClientID != "b" {
		t.Errorf("back at b the client is %q", got.ClientID)
	}
}
