package cli

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/access/gate"
	"github.com/authtray/authtray/app/config"
)

func (s *shell) allowCommand() *cobra.Command {
	var forget string
	c := &cobra.Command{
		Use:   "allow NAME [PROGRAM]",
		Short: "Let a program read the token of a connection that asks first (ask = true)",
		Long: `Let a program read the token of a connection whose file says ask = true, as the
answer “Always” in the notification does; or list the programs that may. A
program whose file changes is asked about again. Interpreters and shells cannot
be allowed for good.`,
		Example: `  authtray allow work /usr/bin/gh
  authtray allow work
  authtray allow work --forget /usr/bin/gh`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 2 {
				return config.CheckName(args[0])
			}
			return named(c, args)
		},
	}
	c.Flags().StringVar(&forget, "forget", "", "take back what was allowed for this `PROGRAM`")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		if err := s.mustExist(ctx, args[0]); err != nil {
			return err
		}
		memory := gate.NewMemory(s.paths.State)
		switch {
		case forget != "" && len(args) > 1:
			return usage("name a PROGRAM to allow or one to --forget, not both")
		case forget != "":
			return s.forbid(memory, args[0], forget)
		case len(args) == 1:
			return s.listAllowed(memory, args[0])
		}
		return s.allow(memory, args[0], args[1])
	})
	return c
}

func (s *shell) allow(m gate.Memory, name, program string) error {
	file, err := config.Connection(s.paths.Connections(), name)
	if err != nil {
		return failed("authtray status", "the file of %s cannot be used: %v", name, err)
	}
	found, err := gate.Find(program)
	if err != nil {
		return err
	}
	if err := m.Add(name, found); err != nil {
		return err
	}
	if !file.Connection.Ask {
		s.say("%s does not ask: any program of yours may read its token. To have it ask, write ask = true into %s.", name, file.Path)
	}
	return s.print("%s may read the token of %s.", oneLine(found.Exe), name)
}

// forbid also takes back what is no program any more.
func (s *shell) forbid(m gate.Memory, name, program string) error {
	path, err := gate.Path(program)
	if err != nil {
		if path, err = filepath.Abs(program); err != nil {
			return err
		}
	}
	was, err := m.Remove(name, path)
	if err != nil {
		return err
	}
	if !was {
		return failed("authtray allow "+name, "%s had not been allowed", oneLine(path))
	}
	return s.print("%s has to ask again for the token of %s.", oneLine(path), name)
}

func (s *shell) listAllowed(m gate.Memory, name string) error {
	all, err := m.Load(name)
	if err != nil {
		return err
	}
	for _, a := range all {
		if err := s.print("%s  %s", a.Time.Local().Format("2006-01-02"), oneLine(a.Exe)); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		s.say("No program has been allowed for good.")
	}
	return nil
}
