package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers/text"
)

func (s *shell) supportCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "support",
		Short: "Write what a bug report needs, for you to read through first",
		Long: `Write one text file with what a bug report needs: versions, the findings of
authtray doctor, the state and history of each connection, its configuration, and the
end of the agent's log. No token, secret or password is in it. Your name, home and
accounts are left out; names of connections, servers and client ids are not, so read
it before you send it.`,
		Example: `  authtray support
  authtray support --output -`,
		Args: cobra.NoArgs,
	}
	c.Flags().StringVarP(&to, "output", "o", "authtray-support.txt", "the file, or - for the terminal")
	c.RunE = s.do(func(ctx context.Context, _ []string) error {
		var text strings.Builder
		accounts := s.supportText(ctx, &text)
		cleaned := unnamed(text.String(), accounts)
		if to == "-" {
			return s.print("%s", cleaned)
		}
		if err := writeNew(to, cleaned); err != nil {
			return failed("", "%s cannot be written: %v; name another place with --output", to, err)
		}
		return s.print("%s is written. Read it through before you send it to anybody.", to)
	})
	return c
}

// writeNew writes a file that is the user's alone, and no link to another one.
func writeNew(name, text string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// supportText goes on where one part cannot be had, and says why. It returns whose
// accounts may be named in the text.
func (s *shell) supportText(ctx context.Context, w io.Writer) (accounts []string) {
	title := func(what string) { fmt.Fprintf(w, "\n== %s\n\n", what) }
	fmt.Fprintf(w, "authtray %s, commit %s of %s\n%s %s/%s\n", s.build.Version, cmp.Or(s.build.Commit, "unknown"), cmp.Or(s.build.Date, "an unknown day"),
		runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, name := range []string{"XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "AUTHTRAY_PROFILE", "AUTHTRAY_CONFIG", "AUTHTRAY_STATE", "AUTHTRAY_SOCKET"} {
		if v := os.Getenv(name); v != "" {
			fmt.Fprintf(w, "%s=%s\n", name, oneLine(v))
		}
	}
	var h api.Health
	err := s.get(ctx, "/v1/health", &h)
	title("The agent")
	if err != nil {
		fmt.Fprintf(w, "%s\n", oneLine(err.Error()))
	} else {
		fmt.Fprintf(w, "version %s, up %s, store %s, tray %s, notifications %s\n", h.Version, h.Uptime, h.Store, h.Tray, h.Notifications)
		for _, n := range h.Notes {
			fmt.Fprintf(w, "%s\n", oneLine(n))
		}
	}
	title("What authtray doctor finds")
	checks, err := s.examine(ctx)
	if err != nil {
		fmt.Fprintf(w, "%s\n", oneLine(err.Error()))
	}
	for _, c := range checks {
		fmt.Fprintf(w, "ok=%-5t %s: %s\n", c.OK, oneLine(c.ID), oneLine(c.Detail))
	}
	title("Connections")
	accounts = s.supportConnections(ctx, w)
	title("The end of the agent's log")
	fmt.Fprint(w, logEnd(filepath.Join(s.paths.State, "agent.log")))
	return accounts
}

func (s *shell) supportConnections(ctx context.Context, w io.Writer) (accounts []string) {
	files, err := config.Connections(s.paths.Connections())
	if err != nil {
		fmt.Fprintf(w, "%s\n", oneLine(err.Error()))
	}
	for _, name := range sortedKeys(files) {
		fmt.Fprintf(w, "%s\n", name)
		var c api.Connection
		if err := s.agent().Do(ctx, http.MethodGet, connection(name), nil, &c); err != nil {
			fmt.Fprintf(w, "  %s\n", oneLine(err.Error()))
		} else {
			describe(w, c)
			accounts = append(accounts, c.Account, c.AccountID)
		}
		if text, err := json.Marshal(files[name].Connection); err == nil && files[name].Err == nil { // as it was understood: the file itself may hold anything
			fmt.Fprintf(w, "  file %s\n", oneLine(pathOfURL().ReplaceAllString(string(text), "$1/…")))
		}
	}
	return accounts
}

// pathOfURL finds the URLs of a connection whose path or query may be a secret.
var pathOfURL = text.Pattern(`(https?://[^/?#"\\]*)[/?#][^"\\]+`)

func describe(w io.Writer, c api.Connection) {
	st := c.Status
	fmt.Fprintf(w, "  %s %s %s\n", st.State, st.Reason, oneLine(st.Detail))
	if c.ConfigError != "" {
		fmt.Fprintf(w, "  the file: %s\n", oneLine(c.ConfigError))
	}
	fmt.Fprintf(w, "  scopes %s; expires %s\n", oneLine(strings.Join(st.Scopes, " ")), moment(st.ExpiresAt))
	for _, e := range st.Events {
		fmt.Fprintf(w, "  %s %s %s %s\n", e.Time.UTC().Format(time.RFC3339), e.What, e.Reason, oneLine(e.Detail))
	}
}

func moment(t *time.Time) string {
	if t == nil {
		return "never, or there is no token"
	}
	return t.UTC().Format(time.RFC3339)
}

// logEnd is the last lines of a log.
func logEnd(path string) string {
	const most = 200
	f, err := os.Open(path)
	if err != nil {
		return "There is none: the agent was not started by a command, or has said nothing.\n"
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > 64<<10 {
		_, _ = f.Seek(-64<<10, io.SeekEnd)
	}
	var lines []string
	for in := bufio.NewScanner(f); in.Scan(); {
		lines = append(lines, oneLine(in.Text()))
	}
	return strings.Join(lines[max(len(lines)-most, 0):], "\n") + "\n"
}

// unnamed leaves out who the user is, there and here, and what the machine is called.
func unnamed(text string, accounts []string) string {
	words := map[string]string{}
	for _, who := range accounts {
		if len(who) > 2 {
			words[who] = "ACCOUNT"
		}
	}
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		words[home] = "~"
	}
	if host, err := os.Hostname(); err == nil && len(host) > 2 && host != "localhost" {
		words[host] = "HOST"
	}
	if who, err := user.Current(); err == nil && len(who.Username) > 2 && who.Username != "root" {
		words[who.Username] = "USER"
	}
	for _, word := range slices.SortedFunc(maps.Keys(words), func(a, b string) int { return len(b) - len(a) }) {
		text = strings.ReplaceAll(text, word, words[word])
	}
	return text
}
