//go:build !windows

package agent

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/store"
)

// certificate is one in PEM; with n it is another text.
func certificate(n int) []byte {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	block := pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}
	return append(bytes.Repeat([]byte("#\n"), n), pem.EncodeToMemory(&block)...)
}

// badCAFiles are files that hold no certificates to trust, made in a folder.
var badCAFiles = []struct {
	name string
	make func(path string) error
	says string
}{
	{"a named pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is not a regular file"},
	{"a link to a named pipe", func(path string) error {
		if err := syscall.Mkfifo(path+".pipe", 0o600); err != nil {
			return err
		}
		return os.Symlink(path+".pipe", path)
	}, "is not a regular file"},
	{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, "is not a regular file"},
	{"2 MB", func(path string) error {
		return os.WriteFile(path, append(certificate(0), make([]byte, 2<<20)...), 0o600)
	}, "is larger than 1 MB"},
	{"not there", func(string) error { return nil }, "cannot be read: no such file"},
	{"a link to nowhere", func(path string) error { return os.Symlink(path+".gone", path) }, "cannot be read: no such file"},
	{"not PEM", func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) }, "holds no PEM certificate"},
	{"one that others may write", func(path string) error {
		return errors.Join(os.WriteFile(path, certificate(0), 0o600), os.Chmod(path, 0o620))
	}, "may be written by others; run: chmod go-w on it"},
	{"a device without an end", func(path string) error { return os.Symlink("/dev/zero", path) }, "is not a regular file"},
}

// oneCAFile: the sentence names the file, and says what is wrong and what to do.
func oneCAFile(t *testing.T, said, file, says string) {
	t.Helper()
	want := "ca_file: " + file + " " + says
	if !strings.Contains(said, want) || !strings.Contains(said, "; name a PEM file with the certificates of your authority, or leave ca_file out") {
		t.Errorf("told %q, want %q and what to do", said, want)
	}
}

func TestABadCAFileIsRefusedAndCostsNoOtherConnection(t *testing.T) {
	w := newWorld(t)
	w.add("good")
	w.connect("good", "ada")
	for _, tt := range badCAFiles {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ca.pem")
			if err := tt.make(file); err != nil {
				t.Fatal(err)
			}
			conn := w.practice()
			conn["ca_file"] = file
			p := w.call("PUT", "/connections/bad", conn).problem(tokens.CodeBadRequest, 400)
			oneCAFile(t, p.Detail, file, tt.says)
			if _, err := os.Stat(w.file("bad")); err == nil {
				t.Error("it was written")
			}
			w.add("other")
			w.call("POST", "/connections/good/refresh", nil).ok()
			w.call("GET", "/connections/good/token", nil).token()
		})
	}
}

func TestAnAgentThatFindsABadCAFileStartsWithTheOtherConnections(t *testing.T) {
	for _, tt := range badCAFiles {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ca.pem")
			if err := tt.make(file); err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, func(o *Options) {
				o.Store = store.Memory()
				text := fmt.Sprintf("provider = \"github\"\nclient_id = \"abc\"\nca_file = %q\n", file)
				if err := config.Write(filepath.Join(o.Paths.Connections(), "bad.toml"), []byte(text)); err != nil {
					t.Fatal(err)
				}
			})
			c := w.seen("bad")
			if c.State != tokens.Misconfigured {
				t.Errorf("it is %s", c.State)
			}
			oneCAFile(t, c.ConfigError, file, tt.says)
			w.add("good")
			w.connect("good", "ada")
			w.call("GET", "/connections/good/token", nil).token()
		})
	}
}

// writeFile replaces a file's text.
func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestACAFileThatIsFixedOrRenewedIsTakenUpAndOneThatVanishesCostsNothing(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, file, []byte("not a certificate"))
	w.edit("work", fmt.Sprintf("provider = \"github\"\nclient_id = \"abc\"\nca_file = %q\n", file))
	eventually(t, "the trouble is told", func() bool { return w.seen("work").State == tokens.Misconfigured })

	writeFile(t, file, certificate(0))
	w.agent.configuration.reload()
	if c := w.seen("work"); c.State != tokens.Disconnected || c.ConfigError != "" {
		t.Fatalf("when it is fixed, the connection is %s: %q", c.State, c.ConfigError)
	}
	client := func() *providers.Client {
		c, _ := w.agent.configuration.get("work")
		return c.client
	}
	first := client()
	w.agent.configuration.reload()
	if client() != first {
		t.Error("what did not change is taken up again")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	w.agent.configuration.reload()
	if c := w.seen("work"); client() != first || c.ConfigError != "" {
		t.Errorf("when it is gone, the connection is %s: %q", c.State, c.ConfigError)
	}
	writeFile(t, file, certificate(1))
	w.agent.configuration.reload()
	if client() == first {
		t.Error("when it is renewed, the old one is used")
	}
}

// A file on a machine that does not answer is like one whose reading never ends.
func TestACAFileThatIsReadSlowlyHoldsUpNoOtherConnection(t *testing.T) {
	dir := t.TempDir()
	paths := config.Paths{Config: filepath.Join(dir, "config"), State: filepath.Join(dir, "state")}
	c := NewAgent(Options{Paths: paths, Store: store.Memory(), Log: slog.New(slog.DiscardHandler), Version: "test"}).configuration
	begun, release := make(chan string, 1), make(chan struct{})
	c.certificates.limit = time.Hour
	c.certificates.readFile = func(path string) ([]byte, error) {
		begun <- path
		<-release
		return certificate(0), nil
	}
	c.reload() // the catalogue
	writeFile(t, filepath.Join(paths.Connections(), "slow.toml"), []byte("provider = \"github\"\nclient_id = \"abc\"\nca_file = \"/mnt/ca.pem\"\n"))
	reloaded := make(chan struct{})
	go func() { defer close(reloaded); c.reload() }()
	if path := <-begun; path != "/mnt/ca.pem" {
		t.Errorf("%s is read", path)
	}
	if err := c.write(catalog.Connection{Name: "other", Provider: "github", ClientID: "abc"}); err != nil {
		t.Error(err)
	}
	c.touch("other")
	if err := c.remove("other"); err != nil {
		t.Error(err)
	}
	close(release)
	<-reloaded
	if slow, ok := c.get("slow"); !ok || slow.err != nil {
		t.Errorf("the slow one is not taken up: %+v", slow)
	}
	if _, ok := c.get("other"); ok {
		t.Error("a connection that was removed meanwhile is back")
	}
}

func TestACAFileThatIsNotReadInTimeIsOneSentenceAndReadOnce(t *testing.T) {
	files := newCertificateFiles()
	files.limit = time.Millisecond
	begun, release := make(chan string, 8), make(chan struct{})
	files.readFile = func(path string) ([]byte, error) {
		begun <- path
		<-release
		return []byte("text"), nil
	}
	for range 3 {
		found := certificates{}
		files.add(found, []string{"/mnt/ca.pem"})
		if _, err := found.readFile("/mnt/ca.pem"); err == nil || !strings.HasPrefix(err.Error(), "ca_file: /mnt/ca.pem could not be read within 1ms; ") {
			t.Errorf("told %v", err)
		}
	}
	if len(begun) != 1 {
		t.Errorf("%d reads wait", len(begun))
	}
	read := files.begin("/mnt/ca.pem")
	close(release)
	<-read.ended
	files.limit = time.Hour
	found := certificates{}
	files.add(found, []string{"/mnt/ca.pem"})
	if text, err := found.readFile("/mnt/ca.pem"); err != nil || string(text) != "text" {
		t.Errorf("when it can be read: %q, %v", text, err)
	}
}
