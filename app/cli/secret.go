package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens/client"
)

// maxSecret is how long what is read from stdin may be, in bytes.
const maxSecret = 64 << 10

func (s *shell) secretCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "secret",
		Short:   "Keep a connection's client secret in the keychain",
		Example: `  authtray secret set work < secret.txt`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("it is: authtray secret set NAME < secret")
		},
	}
	c.AddCommand(&cobra.Command{
		Use:   "set NAME < secret",
		Short: "Read the client secret from stdin and keep it in the keychain",
		Long: `Read the client secret from stdin and keep it in the keychain, never in a file.

At a terminal it asks, and does not show what is typed.`,
		Example: `  authtray secret set work < secret.txt
  pass show work/client-secret | authtray secret set work`,
		Args: named,
		RunE: s.do(func(ctx context.Context, args []string) error {
			secret, err := s.readSecret(ctx, "client secret", "authtray secret set "+args[0]+" < secret")
			if err != nil {
				return err
			}
			in := api.Secret{ClientSecret: credential(secret)}
			return s.here(ctx, withKeychain, func(a client.Agent) error {
				if err := a.Do(ctx, http.MethodPut, connection(args[0], "secret"), in, nil); err != nil {
					return err
				}
				return s.print("The client secret of %s is kept.", args[0])
			})
		}),
	})
	return c
}

// readSecret reads a secret from stdin, or asks for it at a terminal. It never
// comes from the command line, which every process on the machine can read.
func (s *shell) readSecret(ctx context.Context, what, line string) (string, error) {
	var data []byte
	var err error
	if isTerminal(s.in) {
		var typed string
		typed, err = s.hidden(ctx, "The "+what+" (it is not shown): ")
		data = []byte(typed)
	} else {
		data, err = io.ReadAll(io.LimitReader(s.in, maxSecret+1))
	}
	if err != nil {
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	secret := strings.TrimSpace(string(data))
	switch {
	case secret == "":
		return "", usage("there is no %s on stdin: %s", what, line)
	case len(data) > maxSecret:
		return "", usage("the %s on stdin is longer than 64 kB: is it the right file?", what)
	}
	return secret, nil
}

// readLine reads one line from stdin, and not a byte more.
func (s *shell) readLine() (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < maxSecret; {
		n, err := s.in.Read(b)
		if n == 1 && b[0] != '\n' {
			line = append(line, b[0])
		}
		if n == 1 && b[0] == '\n' || err != nil {
			break
		}
	}
	secret := strings.TrimSpace(string(line))
	if secret == "" {
		return "", usage("there is no passphrase on stdin: authtray run --store=file < passphrase")
	}
	return secret, nil
}
