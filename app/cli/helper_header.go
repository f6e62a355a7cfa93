package cli

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/tokens"
)

func (s *shell) kubectlHelper() *cobra.Command {
	var idToken bool
	c := &cobra.Command{
		Use:   "kubectl NAME",
		Short: "kubectl's exec plugin (client.authentication.k8s.io)",
		Long: `kubectl's exec plugin, for the API versions client.authentication.k8s.io/v1 and
v1beta1: the one that kubectl asks for in KUBERNETES_EXEC_INFO.

A cluster that trusts an OpenID provider by itself wants the ID token: with
--id-token, and keep_id_token = true in the connection's file.`,
		Example: `  authtray setup kubectl work --write
  kubectl config set-context --current --user=authtray-work`,
		Args: named,
	}
	c.Flags().BoolVar(&idToken, "id-token", false, "give the ID token, not the access token")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		version, err := dialect.KubeVersion(os.Getenv(dialect.KubeInfo))
		if err != nil {
			return err
		}
		if idToken {
			token, ends, err := s.idToken(ctx, args[0])
			if err != nil {
				return err
			}
			return s.putBytes(dialect.Kube(version, token, ends))
		}
		return s.put(s.askHelper(ctx, "kubectl/"+escape(args[0]), version))
	})
	return c
}

func (s *shell) goauthHelper() *cobra.Command {
	return &cobra.Command{
		Use:   "goauth [URL]",
		Short: "Go's GOAUTH command",
		Long: `Go's GOAUTH command, for module proxies and go-import pages over https.

Without a URL it says nothing. When a server has answered 4xx, the go command
asks again with the URL, and is given the token of the connection whose hosts
hold it. A token that the server calls invalid is renewed first.`,
		Example: `  go env -w GOAUTH='authtray helper goauth'
  authtray setup goauth work --write`,
		Args: cobra.MaximumNArgs(1),
		RunE: s.do(func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return s.goauth(ctx, args[0])
		}),
	}
}

func (s *shell) goauth(ctx context.Context, raw string) error {
	u, err := dialect.GoURL(raw)
	if err != nil {
		return usage("%v", err)
	}
	name, err := s.forHost(ctx, u.Host, u.Path, "")
	if nobodys(err) {
		return nil
	}
	if err != nil {
		return err
	}
	at := api.WebPlace(u.Host, u.Path)
	t, _, err := s.token(ctx, name, at)
	if err == nil && !isTerminal(s.in) && dialect.GoTokenRefused(s.in) {
		t, _, err = s.reject(ctx, name, t.AccessToken, at)
	}
	if err != nil {
		return err
	}
	header, err := headerFormat(t, nil)
	if err != nil {
		return err
	}
	return s.put(dialect.GoAuth(s.goPrefix(ctx, name, u.Host, u.Path), strings.TrimSpace(header)))
}

// goPrefix is what the go command may send the token to: the whole host where
// the connection answers for it, else what lies below the path's first part.
func (s *shell) goPrefix(ctx context.Context, name, host, path string) string {
	if whole, err := s.forHost(ctx, host, "", ""); err == nil && whole == name {
		return "https://" + host + "/"
	}
	owner, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return "https://" + host + "/" + escape(owner) + "/"
}

// idToken is a connection's ID token, renewed first where it has ended or is
// about to.
func (s *shell) idToken(ctx context.Context, name string) (token string, ends time.Time, err error) {
	t, _, err := s.token(ctx, name)
	if err != nil {
		return "", ends, err
	}
	if t.IDToken == "" {
		return "", ends, noIDToken(name)
	}
	ends, err = dialect.IDTokenEnds(t.IDToken)
	if err != nil || ends.After(s.now().Add(tokens.DefaultMinValid)) {
		return t.IDToken, ends, err
	}
	return s.renewedIDToken(ctx, name)
}

func (s *shell) renewedIDToken(ctx context.Context, name string) (token string, ends time.Time, err error) {
	if err := s.agent().Do(ctx, http.MethodPost, connection(name, "refresh"), nil, nil); err != nil {
		return "", ends, err
	}
	t, _, err := s.token(ctx, name)
	if err != nil {
		return "", ends, err
	}
	ends, err = dialect.IDTokenEnds(t.IDToken)
	if err == nil && !ends.After(s.now()) {
		err = failed("authtray connect "+name, "the ID token of %s has ended, and the provider gives no new one with a refresh", name)
	}
	return t.IDToken, ends, err
}

func noIDToken(name string) error {
	return failed("", "%s keeps no ID token: write keep_id_token = true into its file (it is then in the keychain and handed to your tools), ask for the scope openid, and run: authtray connect %s", name, name)
}
