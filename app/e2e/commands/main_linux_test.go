package commands

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authtray/authtray/app"
	"github.com/authtray/authtray/providers/practice/practicetest"
)

// TestMain is the real program too, and the browser that it opens.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"authtray":    func() { os.Exit(app.Main(app.Built())) },
		"browser-ada": func() { browse(practicetest.Consent) },
		"browser-no":  func() { browse(practicetest.Deny) },
	})
}

// browse is a browser with a person who answers at once.
func browse(answer func(ctx context.Context, url, user string) (string, error)) {
	url, err := led(os.Args[len(os.Args)-1])
	redirect := ""
	if err == nil {
		redirect, err = answer(context.Background(), url, "ada")
	}
	if err == nil {
		err = visit(redirect)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

// led is where the address that a browser is started with leads to.
func led(address string) (url string, err error) {
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(address)
	if err != nil {
		return "", err
	}
	answer.Body.Close()
	if url = answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || url == "" {
		return "", fmt.Errorf("the address on the command line is answered %s", answer.Status)
	}
	return url, nil
}

func visit(url string) error {
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// TestCommands runs testdata/*.txtar: the program with a real agent, the
// practice provider and a person without a browser. scripts_linux_test.go has the
// commands that are not testscript's own.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: setup, Cmds: commands, Condition: lacks, RequireExplicitExec: true})
}

// setup gives each script a home of its own, without a desktop.
func setup(env *testscript.Env) error {
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "run"))
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	env.Setenv("RECIPES", filepath.Join(here, "..", "..", "tools", "recipes"))
	env.Setenv("README", filepath.Join(here, "..", "..", "..", "README.md"))
	env.Setenv("XDG_CONFIG_HOME", "")
	env.Setenv("XDG_STATE_HOME", "")
	for _, dir := range []string{"home", "run"} {
		if err := os.MkdirAll(filepath.Join(env.WorkDir, dir), 0o700); err != nil {
			return err
		}
	}
	w := &world{watching: map[string]*background{}}
	env.Values[worldKey{}] = w
	env.Defer(w.end)
	return nil
}
