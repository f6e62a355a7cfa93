//go:build !windows

package cli

import "github.com/spf13/cobra"

func (s *shell) systemCommands() []*cobra.Command { return nil }
