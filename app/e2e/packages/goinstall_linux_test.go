package packages

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/authtray/authtray"

// TestGoInstallNeedsGoAloneAndTellsTheVersion fetches the module as `go install`
// does, from a proxy that is a folder, and builds it without a C compiler.
func TestGoInstallNeedsGoAloneAndTellsTheVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program anew")
	}
	const release, commit = "v0.9.0", "v0.9.1-0.20261128220254-dd03e79f1a2b"
	proxy := moduleProxy(t, release, commit)
	for asked, want := range map[string][]string{
		"latest": {"authtray 0.9.0 (", "without window"},
		commit:   {"authtray 0.9.1-0.20261128220254-dd03e79f1a2b (", "\ncommit dd03e79f1a2b of 2026-11-28\n"},
	} {
		t.Run(asked, func(t *testing.T) {
			bin := t.TempDir()
			install := exec.Command("go", "install", "-trimpath", module+"@"+asked)
			install.Dir = bin
			install.Env = append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+bin, "GOPROXY=file://"+proxy+",file://"+modCache(t)+"/cache/download",
				"GOMODCACHE="+filepath.Join(proxy, "cache"), "GOSUMDB=off", "GOFLAGS=-modcacherw", "CC=false", "CXX=false", "PKG_CONFIG=false")
			if out, err := install.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			got, err := exec.Command(filepath.Join(bin, "authtray"), "version").CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, got)
			}
			for _, part := range want {
				if !strings.Contains(string(got), part) {
					t.Errorf("%q is not in: %s", part, got)
				}
			}
			if got, err := exec.Command(filepath.Join(bin, "authtray"), "providers", "github").CombinedOutput(); err != nil || !strings.Contains(string(got), "GitHub") {
				t.Errorf("the catalogue is not in the program: %v %s", err, got)
			}
		})
	}
}

func modCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// moduleProxy is a folder with this tree as versions of the module, in the way of
// https://go.dev/ref/mod#goproxy-protocol.
func moduleProxy(t *testing.T, versions ...string) string {
	t.Helper()
	proxy := t.TempDir()
	dir := filepath.Join(proxy, module, "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	write("list", versions[0]+"\n")
	for _, v := range versions {
		write(v+".info", `{"Version": "`+v+`", "Time": "2026-11-28T22:02:54Z"}`)
		write(v+".mod", string(mod))
		zipTree(t, filepath.Join(dir, v+".zip"), module+"@"+v+"/")
	}
	return proxy
}

// zipTree zips the files of the checkout.
func zipTree(t *testing.T, name, prefix string) {
	t.Helper()
	list := exec.Command("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = "../../.."
	out, err := list.Output()
	if err != nil {
		t.Skipf("this is no checkout, in which make test runs it: %v", err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for file := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(list.Dir, file))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create(prefix + file)
		if err == nil {
			_, err = w.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
