package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// runCommand is `authtray run`, and `authtray` alone.
func (s *shell) runCommand(use string) *cobra.Command {
	o := agent.RunOptions{Version: s.build.Version, HasWindow: s.window != nil, Stderr: s.err, Passphrase: s.passphrase}
	c := &cobra.Command{
		Use:   use,
		Short: "Run the agent: tray, notifications and socket",
		Long: `Run the agent: it keeps every connection's token fresh and serves it to tools. Where
one runs already, its window is raised instead. Where one with other folders
(AUTHTRAY_STATE, AUTHTRAY_SOCKET) keeps the same connections, this one does not
start, and says which process that is (exit code 1).

Grants are kept in the desktop's keychain. Without one, choose a file that is
sealed with a passphrase (--store=file; the systemd credential authtray.passphrase,
else asked for at a terminal, else the first line of stdin), or memory only
(--store=memory).`,
		Example: `  authtray run
  authtray run --no-tray --store=memory
  authtray run --replace`,
		Args: cobra.NoArgs,
	}
	c.Flags().BoolVar(&o.NoTray, "no-tray", false, "without an icon in the panel")
	c.Flags().BoolVar(&o.Replace, "replace", false, "take over from the agent that runs")
	c.Flags().BoolVar(&o.AtLogin, "login", false, "started with the session: wait for a keychain that comes late, and raise no window")
	kind := c.Flags().String("store", string(store.KindKeychain), "where grants are kept: keychain, memory or file")
	c.RunE = s.do(func(ctx context.Context, _ []string) error {
		switch o.Store = store.Kind(*kind); o.Store {
		case store.KindKeychain, store.KindMemory, store.KindFile:
		default:
			return usage("--store is keychain, memory or file, not %q", o.Store)
		}
		o.Paths = s.paths
		if o.AtLogin && loginHasNoLog(runtime.GOOS) {
			if err := s.logToFile(); err != nil {
				s.say("%v", err) // an agent without a log is better than none
			}
			o.Stderr = s.err
		}
		if !o.AtLogin && !o.Replace {
			s.firstStart(ctx, o.NoTray, o.Store)
		}
		err := agent.RunAgent(ctx, o)
		if errors.Is(err, context.Canceled) {
			return nil // asked to end while it was starting
		}
		return err
	})
	return c
}

// loginHasNoLog reports whether nothing keeps what a program says that the session
// starts: launchd and the Run key throw it away, and a Linux session has a journal.
func loginHasNoLog(goos string) bool { return goos == "darwin" || goos == "windows" }

// logToFile has all that this process says to stderr go to the agent's log, a
// panic's trace too.
func (s *shell) logToFile() error {
	log, err := s.openLog()
	if err != nil {
		return fmt.Errorf("the agent's log cannot be written: %w", err)
	}
	s.err = log
	return debug.SetCrashOutput(log, debug.CrashOptions{})
}

// runKeychainErrors are why an agent that is to be run has nowhere to keep grants.
var runKeychainErrors = []error{agent.ErrNoKeychain, agent.ErrStore}

// passphrase opens the file store.
func (s *shell) passphrase(ctx context.Context, first bool) (string, error) {
	if said, err := systemdCredential("authtray.passphrase"); said != "" || err != nil {
		return said, err
	}
	if !isTerminal(s.in) {
		return s.readLine()
	}
	what := "passphrase of the file store"
	if !first {
		return s.readSecret(ctx, what, "authtray run --store=file")
	}
	once, err := s.readSecret(ctx, "new "+what, "authtray run --store=file")
	if err != nil {
		return "", err
	}
	again, err := s.readSecret(ctx, "same "+what+" again", "authtray run --store=file")
	if err == nil && once != again {
		err = failed("authtray run --store=file", "the two passphrases are not the same")
	}
	return once, err
}

// systemdCredential is the first line of a credential that systemd gave this service, see
// https://systemd.io/CREDENTIALS; "" where there is none.
func systemdCredential(name string) (string, error) {
	folder := os.Getenv("CREDENTIALS_DIRECTORY")
	if folder == "" {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("the credential %s cannot be read: %w", name, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", failed("", "the credential %s is empty: write the passphrase of the file store into it", name)
	}
	return line, nil
}

func (s *shell) openCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "open",
		Short:   "Open the window, or raise it; starts the agent if none runs",
		Example: `  authtray open`,
		Args:    cobra.NoArgs,
		RunE: s.do(func(ctx context.Context, _ []string) error {
			if err := s.ensureAgent(ctx); err != nil {
				return err
			}
			return s.agent().Do(ctx, http.MethodPost, "/v1/window", nil, nil)
		}),
	}
}

func (s *shell) quitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "quit",
		Short: "End the agent",
		Long: `End the agent, and wait until it has ended. The connections stay: the next agent
takes them up from the keychain.`,
		Example: `  authtray quit`,
		Args:    cobra.NoArgs,
		RunE: s.do(func(ctx context.Context, _ []string) error {
			err := s.agent().Do(ctx, http.MethodPost, "/v1/quit", nil, nil)
			if errors.Is(err, client.ErrNoAgent) {
				return &trouble{exit: exitNoAgent, sentence: "no agent is running"} // and none is wanted, so there is no hint
			}
			if err != nil {
				return err
			}
			unlock, err := s.awaitEnd(ctx)
			if err != nil {
				return err
			}
			return unlock()
		}),
	}
}

// awaitEnd waits until the agent has ended, and keeps another one from starting.
func (s *shell) awaitEnd(ctx context.Context) (unlock func() error, err error) {
	unlock, err = agent.AwaitEnd(ctx, s.paths)
	if errors.Is(err, api.ErrRunning) {
		return nil, failed("authtray status", "the agent was asked to end, and has not yet")
	}
	return unlock, err
}

// eraseKeychain ends the agent, and erases what is in the keychain, also what no
// connection's file tells of any more.
func (s *shell) eraseKeychain(ctx context.Context) error {
	if err := s.agent().Do(ctx, http.MethodPost, "/v1/quit", nil, nil); err != nil && !errors.Is(err, client.ErrNoAgent) {
		return err
	}
	unlock, err := s.awaitEnd(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	hasBus := store.ForbidBusLaunch()
	err = store.EraseKeychain(ctx, s.paths.Service())
	if errors.Is(err, store.ErrUnavailable) && !hasBus {
		return nil // no desktop, so no keychain
	}
	return err
}

func (s *shell) unlockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unlock",
		Short: "Unlock the keychain",
		Long: `Unlock the keychain that the agent uses: the desktop asks for its password, or
whether Authtray may read its entries. One that is open is left alone.`,
		Example: `  authtray unlock`,
		Args:    cobra.NoArgs,
		RunE: s.do(func(ctx context.Context, _ []string) error {
			return s.here(ctx, withKeychain, func(a client.Agent) error {
				return a.Do(ctx, http.MethodPost, "/v1/unlock", nil, nil)
			})
		}),
	}
}

// windowCommand is how the agent starts the window's process.
func (s *shell) windowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "window",
		Short:   "Show the window in this process",
		Example: `  authtray window`,
		Hidden:  true,
		Args:    cobra.NoArgs,
		RunE: s.do(func(context.Context, []string) error {
			if s.window == nil {
				return failed("", "this authtray was built without its window: put authtray-window, which has it, beside this program; the commands work without it")
			}
			return s.window()
		}),
	}
}
