package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client/retry"
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
		told.userAgent = "authtray/" + s.build.Version
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
	provider, err := s.provider(ctx, name)
	if err != nil {
		return err
	}
	var at []string
	if u, err := provider.API(target, nil); err == nil { // else it is where the user says, or what came with the grant
		u.RawQuery = ""
		at = []string{u.String()}
	}
	token, err := bearerOf(s.token(ctx, name, at...))
	if err != nil {
		return err
	}
	to, err := told.url(provider, target, token.Extra)
	if err != nil {
		return err
	}
	rejected := false
	answer, renew, err := retry.Request[bearer]{
		Send: func(token bearer) (answer *http.Response, err error) {
			answer, rejected, err = told.send(ctx, provider, to, token, body)
			return answer, err
		},
		Rejected: func(*http.Response) bool { return rejected },
		Renew:    func(token bearer) (bearer, error) { return bearerOf(s.reject(ctx, name, token.AccessToken, at...)) },
		Access:   func(token bearer) string { return token.AccessToken },
	}.Do(token)
	switch {
	case err != nil:
		return err
	case renew != nil:
		return s.unanswered(told, answer, renew)
	}
	return s.answer(told, answer, name, provider.Entry().Name, rejected)
}

// provider is the connection's provider, as its configuration says.
func (s *shell) provider(ctx context.Context, name string) (*providers.Client, error) {
	var now struct {
		Config      *catalog.Connection `json:"config"`
		ConfigError string              `json:"config_error"`
	}
	if err := s.get(ctx, connection(name), &now); err != nil {
		return nil, err
	}
	if now.Config == nil || now.Config.Provider == "" {
		return nil, failed("authtray status "+name, "the file of %s cannot be used: %s", name, now.ConfigError)
	}
	return s.resolve(*now.Config)
}

// resolve is the provider that a connection means, with its overrides in place.
func (s *shell) resolve(conn catalog.Connection) (*providers.Client, error) {
	catalogue, _ := catalog.LoadCatalogue(s.paths.Providers()) // a fault elsewhere is not this connection's
	return providers.NewClient(catalogue, conn, providers.ClientOptions{Version: s.build.Version})
}

// bearer is a token as a request needs it.
type bearer struct {
	tokens.Token
	Extra map[string]json.RawMessage `json:"extra"` // as it came
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
		hint += " --scope " + shellquote.Word(shellquote.Local(), scope)
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

// url is where the request goes. The provider's entry says which hosts may see
// the token.
func (r apiRequest) url(client *providers.Client, target string, extra map[string]json.RawMessage) (*url.URL, error) {
	to, err := client.API(target, extra)
	if err == nil {
		return to, nil
	}
	switch {
	case !strings.Contains(target, "://"):
		return nil, usage("%v", err)
	case !r.toAnyHost:
		return nil, usage("%v (for once, --to-any-host sends it all the same)", err)
	}
	to, err = url.Parse(target)
	if err != nil || to.Host == "" || to.Scheme != "https" && !(to.Scheme == "http" && catalog.IsLoopbackHost(to.Hostname())) {
		return nil, usage("%q is no https URL, so the token is not sent there", target)
	}
	return to, nil
}

// send sends once. rejected is the entry's own rule of what a 401 is.
func (r apiRequest) send(ctx context.Context, client *providers.Client, to *url.URL, token bearer, body []byte) (answer *http.Response, rejected bool, err error) {
	request, err := r.build(ctx, to, token, body)
	if err != nil {
		return nil, false, err
	}
	client.AddAPIHeaders(request, token.Extra)
	if answer, err = client.SendAPI(request); err != nil {
		return nil, false, &trouble{exit: exitUnavailable, sentence: to.Host + " cannot be reached: " + err.Error()}
	}
	head, err := retry.Head(answer)
	if err != nil {
		answer.Body.Close()
		return nil, false, fmt.Errorf("the answer of %s broke off: %w", to.Host, err)
	}
	return answer, client.Rejected(answer, head), nil
}

func (r apiRequest) build(ctx context.Context, to *url.URL, token bearer, body []byte) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, to.String(), content)
	if err != nil {
		return nil, usage("-X %q is no method", method)
	}
	request.Header.Set("User-Agent", r.userAgent)
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range r.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.EqualFold(strings.TrimSpace(name), "Authorization") {
			return nil, usage("-H %q: write NAME: VALUE; the Authorization header is set for you", h)
		}
		request.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	request.Header.Set("Authorization", token.Authorization())
	return request, nil
}
