package cli

import (
	"context"
	"errors"
	"fmt"
	"github.com/authtray/authtray/app/tools/setup"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

func (s *shell) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything Authtray depends on, and say how to fix what is wrong",
		Long: `Look at the keychain (a probe item is written, read and deleted), the session bus,
the notification server, the tray host, the browser, the loopback interface, the
socket, the clock, the configuration files and each connection's provider, to
which no token is sent. After each cross stands the command that fixes it.

The exit code is 1 where something needs attention.`,
		Example: `  authtray doctor
  authtray doctor --json | jq -r '.checks[] | select(.ok | not) | .hint'`,
		Args: cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	c.RunE = s.do(func(ctx context.Context, _ []string) error {
		checks, err := s.examine(ctx)
		if err != nil {
			return err
		}
		checks = append(checks, s.gitChecks(ctx)...)
		if asJSON {
			err = s.printJSON(map[string]any{"checks": checks})
		} else {
			err = s.report(checks)
		}
		if err != nil {
			return err
		}
		return verdict(checks)
	})
	return c
}

// examine asks the agent that runs, in whose surroundings it is to work; where
// none does, or an older one that has no doctor, it looks itself.
func (s *shell) examine(ctx context.Context) ([]api.Check, error) {
	var answer struct {
		Checks []api.Check `json:"checks"`
	}
	err := s.get(ctx, "/v1/doctor", &answer)
	var p *client.Problem
	switch {
	case err == nil:
		return append(s.versionChecks(ctx), answer.Checks...), nil
	case errors.Is(err, client.ErrNoAgent):
		return s.examineHere(ctx, api.Check{ID: "agent", Detail: "No agent is running.", Hint: "authtray run"}), nil
	case errors.As(err, &p) && p.Code == string(api.CodeNotFound):
		return s.examineHere(ctx, api.Check{ID: "agent", Detail: "The agent that runs is older than this program.", Hint: "authtray run --replace"}), nil
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return s.examineHere(ctx, api.Check{ID: "agent", Detail: "The agent does not answer in time.", Hint: "authtray run --replace"}), nil
	}
	return s.examineHere(ctx, api.Check{ID: "agent", Detail: text.Sentence("The agent cannot be asked: " + oneLine(err.Error())), Hint: "authtray run --replace"}), nil
}

// versionChecks tells of an agent that is of another version than this program: it was
// not replaced after an update, or two are installed.
func (s *shell) versionChecks(ctx context.Context) []api.Check {
	var h api.Health
	if s.get(ctx, "/v1/health", &h) != nil || h.Version == s.build.Version {
		return nil
	}
	return []api.Check{{ID: "version", Hint: "authtray run --replace",
		Detail: fmt.Sprintf("The agent that runs is Authtray %s, and this program is %s.", text.Line(h.Version, 40), s.build.Version)}}
}

// gitChecks are of git in this folder, where other helpers would keep our tokens.
func (s *shell) gitChecks(ctx context.Context) (checks []api.Check) {
	var all struct {
		Connections []api.Connection `json:"connections"`
	}
	if s.get(ctx, "/v1/connections", &all) != nil {
		return nil
	}
	quiet := *s
	quiet.err = io.Discard
	for _, c := range all.Connections {
		p, err := quiet.plan(c.Name)
		if err != nil {
			return nil
		}
		for _, rival := range setup.GitRivals(ctx, s.gitPlan(ctx, p, &setupAsked{})) {
			checks = append(checks, api.Check{ID: "git", Detail: text.Sentence(oneLine(rival)), Hint: "git config --show-origin --get-regexp '^credential'"})
		}
	}
	return checks
}

// report is a tick or a cross a line, and the command that fixes it.
func (s *shell) report(checks []api.Check) error {
	for _, c := range checks {
		mark := "✔"
		if !c.OK {
			mark = "✖"
		}
		if err := s.print("%s %-13s  %s", mark, oneLine(c.ID), oneLine(c.Detail)); err != nil {
			return err
		}
		if c.OK || c.Hint == "" {
			continue
		}
		if err := s.print("                 → %s", oneLine(c.Hint)); err != nil {
			return err
		}
	}
	return nil
}

func verdict(checks []api.Check) error {
	n := 0
	for _, c := range checks {
		if !c.OK {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return failed("", "1 thing needs attention")
	}
	return failed("", "%d things need attention", n)
}
