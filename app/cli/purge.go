package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/autostart"
	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/app/window/raise"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

func (s *shell) purgeCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "purge",
		Short: "Remove everything that Authtray keeps for you",
		Long: `Revoke every grant at its provider, and remove what Authtray keeps for you: the
items in the keychain, the folders of configuration and state, start at login, and
what tools were told by authtray setup. It names all of that first, and asks.

The program itself stays: remove it as it was installed. AUTHTRAY_PROFILE chooses
the profile; others stay.`,
		Example: `  authtray purge`,
		Args:    cobra.NoArgs,
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.RunE = s.do(func(ctx context.Context, _ []string) error {
		p, err := s.purgePlan()
		if err != nil {
			return err
		}
		s.say("%s", p.sentence())
		if !yes {
			if err := s.agreed(ctx); err != nil {
				return err
			}
		}
		return s.purge(ctx, p)
	})
	return c
}

// purge is what is to be removed.
type purge struct {
	service     string
	connections map[string]config.File
	folders     []string
	chosen      []string // folders that the user chose by a variable: anything may be in them
	behind      []string // connections' files in a folder that is a link: they go with their connections
	linked      []string // files and folders that links lead to: they stay
	login       bool     // it starts at login
	traces      []string // files of tools that name authtray
	tools       setup.Plan
}

func (s *shell) purgePlan() (purge, error) {
	p := purge{service: s.paths.Service()}
	var err error
	if p.connections, err = config.Connections(s.paths.Connections()); err != nil {
		return p, err
	}
	for _, folder := range []string{s.paths.Config, s.paths.State} {
		switch _, err := os.Lstat(folder); {
		case errors.Is(err, fs.ErrNotExist):
		case os.Getenv("AUTHTRAY_CONFIG") == "" && folder == s.paths.Config, os.Getenv("AUTHTRAY_STATE") == "" && folder == s.paths.State:
			p.folders = append(p.folders, folder)
		default:
			p.chosen = append(p.chosen, folder)
		}
	}
	if s.paths.Profile == "" {
		p.folders = append(p.folders, windowFolders()...)
	}
	for _, chosen := range p.chosen {
		for _, folder := range p.folders {
			if inside, err := filepath.Rel(folder, chosen); err == nil && filepath.IsLocal(inside) {
				return p, failed("", "%s was chosen by you and is inside %s, which would be removed: move it, or remove both by hand", chosen, folder)
			}
		}
	}
	s.followLinks(&p)
	if p.login, err = (autostart.Entry{Profile: s.paths.Profile}).On(); err != nil {
		p.login = true // to be tried
	}
	if p.tools, err = s.plan(""); err != nil {
		return p, err
	}
	p.traces = setup.Traces(p.tools)
	return p, nil
}

// followLinks finds what lies elsewhere than in the folders, as with those who keep their
// configuration among their dotfiles.
func (s *shell) followLinks(p *purge) {
	isLink := func(path string) bool {
		info, err := os.Lstat(path)
		return err == nil && info.Mode()&fs.ModeSymlink != 0
	}
	above, _ := filepath.EvalSymlinks(filepath.Dir(s.paths.Config))
	for _, name := range sortedKeys(p.connections) {
		path := p.connections[name].Path
		inside, _ := filepath.Rel(filepath.Dir(s.paths.Config), path)
		at, err := filepath.EvalSymlinks(path)
		switch {
		case err != nil:
		case isLink(path):
			p.linked = append(p.linked, at)
		case at != filepath.Join(above, inside):
			p.behind = append(p.behind, at)
		}
	}
	for _, folder := range append([]string{s.paths.Connections()}, p.folders...) {
		if at, err := filepath.EvalSymlinks(folder); err == nil && isLink(folder) {
			p.linked = append(p.linked, at)
		}
	}
}

// windowFolders are where the window's toolkit keeps its size and what it looked up, on
// Linux; the window of every profile has the same.
func windowFolders() (all []string) {
	for _, dir := range []func() (string, error){os.UserConfigDir, os.UserCacheDir} {
		top, err := dir()
		if err != nil || runtime.GOOS != "linux" {
			continue
		}
		folder := filepath.Join(top, "fyne", "authtray")
		if _, err := os.Lstat(folder); err == nil {
			all = append(all, folder)
		}
	}
	return all
}

func (p purge) sentence() string {
	lines := []string{"This will be removed:"}
	line := func(what string, list []string) {
		if len(list) > 0 {
			lines = append(lines, fmt.Sprintf("  %-12s %s", what, strings.Join(list, "\n               ")))
		}
	}
	if names := sortedKeys(p.connections); len(names) > 0 {
		line("connections", []string{strings.Join(names, ", ") + " (their grants are revoked at the providers)"})
	}
	line("keychain", []string{fmt.Sprintf("every item of the service %q", p.service)})
	line("folders", p.folders)
	line("files", suffixed(p.behind, ": behind a link"))
	if p.login {
		line("login", []string{"start at login"})
	}
	line("tools", suffixed(p.traces, ": what authtray setup wrote there"))
	if len(p.chosen) > 0 {
		lines = append(lines, "This stays, since you chose the place: "+strings.Join(p.chosen, ", "))
	}
	if len(p.linked) > 0 {
		lines = append(lines, "This stays, since only the link to it is removed: "+strings.Join(p.linked, ", "))
	}
	return strings.Join(lines, "\n")
}

func suffixed(list []string, end string) (all []string) {
	for _, s := range list {
		all = append(all, s+end)
	}
	return all
}

// agreed asks the person at the terminal.
func (s *shell) agreed(ctx context.Context) error {
	if !isTerminal(s.in) {
		return usage("nobody can be asked here: authtray purge --yes removes all this")
	}
	fmt.Fprint(s.err, "It cannot be taken back. Type yes to go on: ")
	answer, err := within(ctx, s.typedLine)
	if err != nil || answer != "yes" {
		return failed("", "nothing was removed")
	}
	return nil
}

// purge removes in an order in which a failure leaves what is needed to try again:
// tools and grants before the configuration that tells of them.
func (s *shell) purge(ctx context.Context, p purge) error {
	if _, err := os.Stat(filepath.Join(s.paths.State, "store", store.IdentityFile)); err == nil && errors.Is(s.get(ctx, "/v1/health", &struct{}{}), client.ErrNoAgent) {
		return failed("authtray run --store=file", "the grants are in a sealed file, and cannot be revoked before it is open")
	}
	if err := raise.CloseWindow(ctx, raise.Address(s.paths.Socket)); err != nil {
		return failed("", "close Authtray's window first: %v", err)
	}
	err := s.here(ctx, withKeychain, func(a client.Agent) error {
		for _, name := range sortedKeys(p.connections) {
			if err := s.forgetTools(ctx, p, name); err != nil {
				return err
			}
			if err := s.giveBack(ctx, a, connection(name), name+" is removed."); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.eraseKeychain(ctx); err != nil {
		return err
	}
	if err := (autostart.Entry{Profile: s.paths.Profile}).Set(false); err != nil {
		return err
	}
	for _, folder := range p.folders {
		if err := os.RemoveAll(folder); err != nil {
			return failed("", "%s could not be removed whole: %v", folder, err)
		}
		if err := s.print("%s is removed.", folder); err != nil {
			return err
		}
	}
	if filepath.Base(filepath.Dir(s.paths.Socket)) == p.service {
		_ = os.Remove(raise.Address(s.paths.Socket) + ".lock") // the window is closed
		_ = os.Remove(filepath.Dir(s.paths.Socket))            // where it is empty; it is gone after logout
	}
	for _, file := range setup.Traces(p.tools) {
		s.say("authtray: %s still names authtray; take it out there", file)
	}
	return s.print("%s", p.ending(s.paths.Profile))
}

func (p purge) ending(profile string) string {
	ending, left := "Nothing of yours is left but ", []string{"the program"}
	if profile != "" {
		ending, left = "Nothing of the profile "+profile+" is left but ", nil
	}
	if left = slices.Concat(left, p.chosen, p.linked); len(left) == 0 {
		return "Nothing of the profile " + profile + " is left."
	}
	return ending + strings.Join(left, ", ") + "."
}

// forgetTools takes back what tools were told of a connection. What was changed
// since is left, and named in the end.
func (s *shell) forgetTools(ctx context.Context, p purge, name string) error {
	plan := p.tools
	conn := p.connections[name].Connection
	plan.Name, plan.Hosts = name, conn.Hosts
	if c, err := s.resolve(conn); err == nil {
		plan.Hosts = slices.Concat(plan.Hosts, c.Hosts(), c.Entry().API.Git)
		plan.HTTPS = strings.HasPrefix(cmp.Or(c.Entry().API.Base, c.Entry().Token, c.Entry().Issuer), "https://")
	}
	for _, step := range setup.All(plan) {
		var clash *setup.Clash
		if _, err := setup.Remove(ctx, []setup.Step{step}); err != nil && !errors.As(err, &clash) {
			return err
		}
	}
	return nil
}
