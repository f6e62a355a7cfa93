package cli

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/desktop/register"
)

// systemCommands are those of this system alone; install.cmd calls them.
func (s *shell) systemCommands() []*cobra.Command {
	var remove bool
	c := &cobra.Command{
		Use:   "register",
		Short: "Put this program's folder into PATH, and Authtray into the Start menu",
		Long:  "Put this program's folder into PATH, and Authtray into the Start menu and the list of installed apps, for you alone.",
		Example: `  authtray register
  authtray register --remove`,
		Args:   cobra.NoArgs,
		Hidden: true,
	}
	c.Flags().BoolVar(&remove, "remove", false, "take that back")
	c.RunE = s.do(func(context.Context, []string) error {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if remove {
			return register.Remove(filepath.Dir(self))
		}
		return register.Add(filepath.Dir(self), s.build.Version)
	})
	return []*cobra.Command{c}
}
