package cli

import (
	"context"
	"errors"
	"log/slog"

	"github.com/authtray/authtray/app/agent"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/tokens/client"
	"github.com/authtray/authtray/tokens/store"
)

// needs says what a command must have where no agent runs.
type needs func(context.Context, config.Paths) (store.Store, error)

// withKeychain: the command reads or writes secrets. An agent may keep them all
// the same, with other folders and another socket.
func withKeychain(ctx context.Context, p config.Paths) (store.Store, error) {
	keep, _, err := agent.OwnKeychain(ctx, p, store.Keychain(p.Service(), slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	if taken := (*store.TakenError)(nil); errors.As(err, &taken) {
		return nil, failed("", "%v with other folders; give this command its AUTHTRAY_STATE and AUTHTRAY_SOCKET, or end it first", err)
	}
	return keep, err
}

// withFiles: the command is about configuration only.
func withFiles(context.Context, config.Paths) (store.Store, error) { return store.Memory(), nil }

// here does something with the agent that runs; where none does, with one that
// lives in this process for as long as it takes, so that the same rules hold.
func (s *shell) here(ctx context.Context, n needs, act func(client.Agent) error) error {
	switch _, running, err := s.running(ctx); {
	case err != nil:
		return err
	case running:
		return act(s.agent())
	}
	unlock, err := api.Lock(s.paths.Lock())
	if errors.Is(err, api.ErrRunning) {
		if away := api.OnAnotherComputer(s.paths.Lock()); away != nil {
			return away
		}
		return failed("authtray status", "an agent is just starting or ending; try again in a moment")
	}
	if err != nil {
		return err
	}
	defer unlock()
	keep, err := n(ctx, s.paths)
	if err != nil {
		return err
	}
	defer keep.Close()
	return agent.InProcess(ctx, s.agentOptions(keep), act)
}

// examineHere examines what an agent would stand on, where none can be asked.
func (s *shell) examineHere(ctx context.Context, self api.Check) []api.Check {
	store.ForbidBusLaunch()
	keep := store.Keychain(s.paths.Service(), slog.New(slog.DiscardHandler))
	defer keep.Close()
	return append([]api.Check{self}, agent.RunChecks(ctx, s.agentOptions(keep))...)
}

func (s *shell) agentOptions(keep store.Store) agent.Options {
	return agent.Options{Paths: s.paths, Store: keep, Log: slog.New(slog.DiscardHandler), Version: s.build.Version}
}
