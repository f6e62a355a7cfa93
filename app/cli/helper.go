package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/dialect"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// helperNames are the names under which tools look for their helpers, and what
// authtray does when it is called so (by a link).
var helperNames = map[string][]string{
	"git-credential-authtray":    {"helper", "git"},
	"docker-credential-authtray": {"helper", "docker"},
}

// arguments are the command line's, where the program's name may stand for the
// first of them.
func arguments(argv []string) []string {
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	return append(helperNames[name][:len(helperNames[name]):len(helperNames[name])], argv[1:]...)
}

func (s *shell) helperCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "helper git|docker|kubectl|goauth|aws|netrc|xoauth2|oauthbearer",
		Short: "Answer a tool in its own language",
		Long: `Answer a tool in its own language. Tools call these by themselves; what makes
them do so, "authtray setup" prints and writes.`,
		Example: `  authtray helper kubectl work
  authtray setup kubectl work`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("it is: authtray helper git, docker, kubectl, goauth, aws, netrc, xoauth2 or oauthbearer")
		},
	}
	c.AddCommand(s.gitHelper(), s.dockerHelper(), s.kubectlHelper(), s.goauthHelper(), s.awsHelper(), s.netrcHelper(), s.xoauth2Helper(), s.oauthbearerHelper())
	return c
}

// askHelper asks the agent what a tool is to be told, or takes up what it answered
// before main.
func (s *shell) askHelper(ctx context.Context, tool, said string) (string, error) {
	if body, ok, err := s.early(); ok {
		return string(body), ofOlderAgent(err)
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	var told client.Text
	err := s.agent().Do(ctx, http.MethodPost, "/v1/helpers/"+tool, client.Text(said), &told)
	return string(told), ofOlderAgent(err)
}

// ofOlderAgent says what to do where the agent does not know the question.
func ofOlderAgent(err error) error {
	var p *client.Problem
	if errors.As(err, &p) && p.Code == string(api.CodeNotFound) {
		return &trouble{exit: exitFailed, sentence: "the agent that runs is older than this program", hint: "authtray run --replace"}
	}
	return err
}

// forHost asks which connection answers for a host.
func (s *shell) forHost(ctx context.Context, host, path, user string) (string, error) {
	q := url.Values{}
	for key, value := range map[string]string{"path": path, "user": user} {
		if value != "" {
			q.Set(key, value)
		}
	}
	var found api.HostMatch
	if err := s.get(ctx, "/v1/hosts/"+escape(host)+"?"+q.Encode(), &found); err != nil {
		return "", err
	}
	if found.Name == "" {
		return "", errors.New("the agent's answer cannot be read")
	}
	return found.Name, nil
}

// nobodys says whether err means that a host is no connection's: the tool may
// ask elsewhere.
func nobodys(err error) bool { return hasCode(err, tokens.CodeUnknownConnection) }

func hasCode(err error, code tokens.Code) bool {
	var p *client.Problem
	return errors.As(err, &p) && tokens.Code(p.Code) == code
}

// apiOf is what the provider's entry says of the use of its tokens. The agent
// has the entry at hand; to read the whole catalogue takes longer than all else
// that a helper does, and is done only where the connection overrides it.
func (s *shell) apiOf(ctx context.Context, name string) (catalog.APIRules, error) {
	var now struct{ Config *catalog.Connection }
	if err := s.get(ctx, connection(name), &now); err != nil {
		return catalog.APIRules{}, err
	}
	if now.Config == nil || now.Config.Override["api"] != nil {
		client, err := s.provider(ctx, name)
		if err != nil {
			return catalog.APIRules{}, err
		}
		return client.Entry().API, nil
	}
	var entry catalog.Entry
	err := s.get(ctx, "/v1/providers/"+escape(now.Config.Provider), &entry)
	return entry.API, err
}

// login is a connection's token, with the user name that goes with it. toolsUser
// is the one that the tool has already, or ""; at is where it sends the token.
func (s *shell) login(ctx context.Context, name, toolsUser string, at ...string) (dialect.Login, catalog.APIRules, error) {
	api, err := s.apiOf(ctx, name)
	if err != nil {
		return dialect.Login{}, api, err
	}
	t, _, err := s.token(ctx, name, at...)
	if err != nil {
		return dialect.Login{}, api, err
	}
	user := dialect.UserName(api.User, toolsUser, t.Account)
	return dialect.Login{User: user, Token: t.AccessToken, Expires: expiry(t)}, api, nil
}

// expiry is zero for a token that never expires.
func expiry(t tokens.Token) time.Time {
	if t.ExpiresAt == nil {
		return time.Time{}
	}
	return *t.ExpiresAt
}

// put writes a helper's answer, whole.
func (s *shell) put(answer string, err error) error {
	if err != nil {
		return err
	}
	if _, err := io.WriteString(s.out, answer); err != nil {
		return fmt.Errorf("the answer cannot be written: %w", err)
	}
	return nil
}

// putBytes is put, for answers that are JSON.
func (s *shell) putBytes(answer []byte, err error) error { return s.put(string(answer), err) }
