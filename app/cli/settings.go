package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/desktop/autostart"
)

func (s *shell) autostartCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "autostart on|off|status",
		Short: "Start the agent at login, or not",
		Example: `  authtray autostart on
  authtray autostart status`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "on" && args[0] != "off" && args[0] != "status" {
				return fmt.Errorf("it is: authtray autostart on, off or status")
			}
			return nil
		},
		RunE: s.do(func(_ context.Context, args []string) error {
			login := autostart.Entry{Profile: s.paths.Profile}
			if args[0] != "status" {
				if err := login.Set(args[0] == "on"); err != nil {
					return err
				}
			}
			on, err := login.On()
			if err != nil {
				return err
			}
			if on {
				return s.print("Authtray starts at login.")
			}
			return s.print("Authtray does not start at login.")
		}),
	}
}

func (s *shell) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, and the commit it was built of",
		Example: `  authtray version`,
		Args:    cobra.NoArgs,
		RunE: s.do(func(context.Context, []string) error {
			_, err := io.WriteString(s.out, s.build.Text())
			return err
		}),
	}
}
