package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client/call"
)

// apiRequest is what the request command was told.
type apiRequest struct {
	method    string
	headers   []string
	data      []string
	include   bool
	fail      bool
	toAnyHost bool
	userAgent string
}

func (s *shell) requestCommand() *cobra.Command {
	var told apiRequest
	c := &cobra.Command{
		Use:   "request NAME PATH-or-URL",
		Short: "Send a request to the provider's API, with the token",
		Long: `Send a request to the provider's API, with the token: like curl. Where the API
rejects the token, it is renewed and the request is sent once more.

The token goes to the API hosts of the provider's entry only, unless
--to-any-host. Redirects are not followed.`,
		Example: `  authtray request work /user
  authtray request work https://api.github.com/user/repos -X POST -H 'Content-Type: application/json' -d '{"name":"x"}'
  authtray request work /markdown/raw -H 'Content-Type: text/plain' -d @- < README.md`,
		Args: namedAnd(1),
	}
	f := c.Flags()
	f.StringVarP(&told.method, "request", "X", "", "the method (GET, or POST with -d)")
	f.StringArrayVarP(&told.headers, "header", "H", nil, "a header, as in 'Accept: text/plain' (may be repeated)")
	f.StringArrayVarP(&told.data, "data", "d", nil, "the body; @FILE and @- read it (repeated ones are joined with &)")
	f.BoolVarP(&told.include, "include", "i", false, "print status and headers too")
	f.BoolVarP(&told.fail, "fail", "f", false, "exit with 1 where the status is 400 or more")
	f.BoolVar(&told.toAnyHost, "to-any-host", false, "send the token to whatever host the URL names")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		body, err := told.body(s.in)
		if err != nil {
			return err
		}
		told.userAgent = "authtray/" + s.version
		return s.request(ctx, args[0], args[1], told, body)
	})
	return c
}

// body reads what -d says, whole: it may have to be sent twice.
func (r apiRequest) body(stdin io.Reader) ([]byte, error) {
	var parts [][]byte
	for _, d := range r.data {
		part, err := dataPart(d, stdin)
		if err != nil {
			return nil, usage("-d %s: %v", d, err)
		}
		parts = append(parts, part)
	}
	if parts == nil {
		return nil, nil
	}
	return append([]byte{}, bytes.Join(parts, []byte("&"))...), nil
}

func dataPart(d string, stdin io.Reader) ([]byte, error) {
	file, ok := strings.CutPrefix(d, "@")
	switch {
	case !ok:
		return []byte(d), nil
	case file == "-":
		return io.ReadAll(stdin)
	}
	return os.ReadFile(file)
}

// request gets a token, sends, and where the token is rejected sends exactly
// once more with the one that the agent then names.
func (s *shell) request(ctx context.Context, name, target string, told apiRequest, body []byte) error {
	client, err := s.provider(ctx, name)
	if err != nil {
		return err
	}
	token, err := bearerOf(askToken(ctx, call.Request{Method: "GET", Target: connection(name, "token")}))
	if err != nil {
		return err
	}
	to, err := told.url(client, target, token.Extra)
	if err != nil {
		return err
	}
	answer, rejected, err := told.send(ctx, client, to, token, body)
	if err != nil {
		return err
	}
	if rejected {
		next, err := bearerOf(reject(ctx, name, token.AccessToken))
		if err == nil && next.AccessToken != token.AccessToken {
			answer.Body.Close()
			answer, rejected, err = told.send(ctx, client, to, next, body)
		}
		if err != nil {
			return s.unanswered(told, answer, err)
		}
	}
	return s.answer(told, answer, name, client.Entry().Name, rejected)
}

// provider is the connection's provider, as its configuration says.
func (s *shell) provider(ctx context.Context, name string) (*providers.Client, error) {
	var now struct {
		Config      *providers.Connection `json:"config"`
		ConfigError string                `json:"config_error"`
	}
	if err := s.agent().get(ctx, connection(name), &now); err != nil {
		return nil, err
	}
	if now.Config == nil || now.Config.Provider == "" {
		return nil, failed("authtray status "+name, "the file of %s cannot be used: %s", name, now.ConfigError)
	}
	return s.resolve(*now.Config)
}

// resolve is the provider that a connection means, with its overrides in place.
func (s *shell) resolve(conn providers.Connection) (*providers.Client, error) {
	catalogue, _ := providers.LoadCatalogue(s.paths.Providers()) // a fault elsewhere is not this connection's
	return catalogue.Client(conn, providers.ClientOptions{Version: s.version})
}

// bearer is a token as a request needs it.
type bearer struct {
	AccessToken string                     `json:"access_token"`
	TokenType   string                     `json:"token_type"`
	Extra       map[string]json.RawMessage `json:"extra"`
}

func bearerOf(_ tokens.Token, raw []byte, err error) (b bearer, _ error) {
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(raw, &b)
}

// answer prints the API's answer; a token that was rejected twice, or lacks
// scopes, is said.
func (s *shell) answer(told apiRequest, answer *http.Response, name, provider string, rejected bool) error {
	defer answer.Body.Close()
	if err := s.copyAnswer(told, answer); err != nil {
		return err
	}
	scopes, missing := providers.MissingScopes(answer)
	switch {
	case missing:
		return lacksScopes(name, provider, scopes)
	case rejected:
		return failed("", "%s rejects the token, renewed or not: does it have the scopes that this request needs?", oneLine(provider))
	case told.fail && answer.StatusCode >= 400:
		return failed("", "the API answered %s", answer.Status)
	}
	return nil
}

// lacksScopes offers the step up to what the request needs.
func lacksScopes(name, provider string, scopes []string) error {
	if len(scopes) == 0 {
		return failed("", "%s says that the token lacks a scope that this request needs, and not which; its API's documentation does", oneLine(provider))
	}
	hint := "authtray connect " + name
	for _, scope := range scopes {
		hint += " --scope " + shellWord(scope)
	}
	return failed(hint, "%s says that this request needs the scope %s, which the token does not have", oneLine(provider), strings.Join(scopes, " and "))
}

func (s *shell) copyAnswer(told apiRequest, answer *http.Response) error {
	if told.include {
		fmt.Fprintf(s.out, "%s %s\r\n", answer.Proto, answer.Status)
		answer.Header.Write(s.out)
		io.WriteString(s.out, "\r\n")
	}
	if _, err := io.Copy(s.out, answer.Body); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return nil
}

// unanswered prints the refusal that there is, and why nothing better came.
func (s *shell) unanswered(told apiRequest, answer *http.Response, why error) error {
	if answer != nil {
		defer answer.Body.Close()
		s.copyAnswer(told, answer)
	}
	return why
}
