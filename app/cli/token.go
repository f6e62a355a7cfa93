package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/cli/internal/quick"
	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// tokenTimeout is how long an answer may take: the agent's own time for a
// refresh, and a little for it to say that it took too long.
const tokenTimeout = tokens.DefaultTimeout + 5*time.Second

// tokenCommand answers what package quick left to it.
func (s *shell) tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "token NAME",
		Short: "Print the current access token",
		Long: `Print the current access token of a connection, renewed first if it must be.

Formats: raw, the token and a newline; json, with expiry, scopes and account;
header, an Authorization header; env, shell assignments; mcp-headers, JSON for AI clients.

--min-valid is how long the token is to last. Where less is left of it, it is
renewed if a fresh one would serve better: it usually lives longer than that, or
the present one has used up a quarter of its life. That happens at most once in
10 s, and six times an hour for what is not due anyway. Else what there is is
printed, and a line on stderr says so ("min_valid_met":false in the JSON).

--scope asks for a token that can do less than the connection's own. Where nothing
shows that the one the provider gives can do less, it is not printed.`,
		Example: `  curl -H "Authorization: Bearer $(authtray token work)" https://api.github.com/user
  curl -H "$(authtray token work --format header)" https://api.github.com/user
  eval "$(authtray token work --format env)"; echo "$ACCESS_TOKEN_EXPIRES_AT"
  authtray token work --min-valid 10m --format json`,
		Args: named,
	}
	addTokenFlags(c)
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		format := c.Flag("format").Value.String()
		render, ok := formats[format]
		if !ok {
			return usage("--format is raw, json, header, env or mcp-headers, not %q", format)
		}
		t, raw, err := s.fetchToken(ctx, tokenTarget(c, args[0]))
		if isCode(err, tokens.CodeBadRequest) && (c.Flags().Changed("scope") || c.Flags().Changed("resource")) {
			return noLess(err)
		}
		if err != nil {
			return err
		}
		if err := s.write(render(t, raw)); err != nil {
			return err
		}
		if t.MinValidMet != nil && !*t.MinValidMet {
			s.say("%s", shortLived(c.Flag("min-valid").Value.String()))
		}
		return nil
	})
	return c
}

// addTokenFlags adds the flags that package quick knows, too.
func addTokenFlags(c *cobra.Command) {
	flags := c.Flags()
	for _, f := range quick.Flags {
		switch {
		case f.Name == "min-valid":
			flags.Var(new(validity), f.Name, f.Usage)
		case f.Many:
			flags.StringArray(f.Name, nil, f.Usage)
		default:
			flags.String(f.Name, f.Default, f.Usage)
		}
	}
}

// tokenTarget is the path and query that ask the agent for what the flags say.
func tokenTarget(c *cobra.Command, name string) string {
	q := url.Values{}
	for _, f := range quick.Flags {
		value := c.Flag(f.Name).Value
		text := value.String()
		if list, ok := value.(interface{ GetSlice() []string }); ok {
			text = strings.Join(list.GetSlice(), " ")
		}
		if f.Param != "" && text != "" {
			q.Set(f.Param, text)
		}
	}
	target := connection(name, "token")
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	return target
}

// validity is the value of --min-valid: a duration as it was typed, which is what
// the agent is sent; "" where none was.
type validity string

func (v *validity) Set(text string) error {
	if d, err := time.ParseDuration(text); err != nil || d < 0 {
		return errors.New("it takes a time such as 60s")
	}
	*v = validity(text)
	return nil
}

func (v *validity) String() string { return string(*v) }
func (v *validity) Type() string   { return "duration" }

// noLess: that the provider gives no token for less is no wrong usage.
func noLess(err error) error {
	t := *asTrouble(err)
	t.exit = exitFailed
	return &t
}

// shortLived says that a token lasts less long than it was to; asked is "" where
// no time was named.
func shortLived(asked string) string {
	if asked == "" {
		return "authtray: this token is about to end, and a longer one is not to be had now."
	}
	return fmt.Sprintf("authtray: this token does not last the %s asked for, and a longer one is not to be had now.", asked)
}

// fetchToken takes up the answer that came before main, or asks.
func (s *shell) fetchToken(ctx context.Context, target string) (tokens.Token, []byte, error) {
	early, ok, err := s.early()
	if !ok {
		return s.askToken(ctx, http.MethodGet, target, nil)
	}
	if err != nil {
		return tokens.Token{}, nil, err
	}
	t := tokens.Token{AccessToken: strings.TrimSuffix(string(early), "\n")}
	if len(early) > 0 && early[0] == '{' {
		t, err = parseToken(early)
	}
	if answer, _ := quick.Taken(); quick.SaysShort(answer) {
		t.MinValidMet = new(bool)
	}
	return t, early, err
}

// early is the body of the answer that came before main; ok is false where the agent
// is to be asked, also again: the one that was asked is being replaced.
func (s *shell) early() (body []byte, ok bool, err error) {
	answer, asked := quick.Taken()
	if !asked {
		return nil, false, nil
	}
	if answer == nil {
		err = client.ErrNoAnswer
	} else {
		body, err = client.ReadAnswer(answer)
	}
	switch {
	case client.CutOff(err, s.paths.Socket):
		return nil, false, nil
	case answer == nil:
		return nil, true, &trouble{exit: exitUnavailable, sentence: "the agent gave no answer", hint: "authtray status"}
	}
	return body, true, err
}

// token is a connection's token, and the agent's JSON of it.
func (s *shell) token(ctx context.Context, name string, at ...string) (tokens.Token, []byte, error) {
	return s.askToken(ctx, http.MethodGet, connection(name, "token")+placeQuery(at), nil)
}

// reject tells the agent that a token was refused, and gives the one to use now.
func (s *shell) reject(ctx context.Context, name, token string, at ...string) (tokens.Token, []byte, error) {
	return s.askToken(ctx, http.MethodPost, connection(name, "rejected")+placeQuery(at), api.Rejected{AccessToken: token})
}

// placeQuery says where a token is going to be sent, if that is known: the agent gives
// none where the connection leads elsewhere by then.
func placeQuery(at []string) string {
	if len(at) == 0 {
		return ""
	}
	return "?" + api.Place{URLs: at}.Query().Encode()
}

func (s *shell) askToken(ctx context.Context, method, path string, in any) (tokens.Token, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	var raw json.RawMessage
	if err := s.agent().Do(ctx, method, path, in, &raw); err != nil {
		return tokens.Token{}, nil, err
	}
	t, err := parseToken(raw)
	return t, raw, err
}

func parseToken(raw []byte) (t tokens.Token, err error) {
	if err = json.Unmarshal(raw, &t); err != nil {
		err = fmt.Errorf("the agent's answer cannot be read: %w", err)
	}
	return t, err
}

// formats are the ways to print a token; raw is the agent's JSON.
var formats = map[string]func(t tokens.Token, raw []byte) (string, error){
	"raw":    func(t tokens.Token, _ []byte) (string, error) { return t.AccessToken + "\n", nil },
	"json":   func(_ tokens.Token, raw []byte) (string, error) { return strings.TrimSpace(string(raw)) + "\n", nil },
	"header": headerFormat,
	"env":    envFormat,

	"mcp-headers": mcpHeadersFormat,
}

// headerFormat refuses a token that would add headers of its own.
func headerFormat(t tokens.Token, _ []byte) (string, error) {
	for _, r := range t.TokenType + t.AccessToken {
		if r < ' ' || r > '~' {
			return "", failed("", "the token holds a character that a header cannot carry; use --format raw")
		}
	}
	return "Authorization: " + t.Authorization() + "\n", nil
}

// mcpHeadersFormat is what Claude Code's headersHelper and Codex' http_headers_helper
// read.
func mcpHeadersFormat(t tokens.Token, raw []byte) (string, error) {
	header, err := headerFormat(t, raw)
	if err != nil {
		return "", err
	}
	name, value, _ := strings.Cut(strings.TrimSpace(header), ": ")
	line, err := json.Marshal(map[string]string{name: value})
	return string(line) + "\n", err
}

func envFormat(t tokens.Token, _ []byte) (string, error) {
	out := "export ACCESS_TOKEN=" + shellquote.Quoted(shellquote.POSIX, t.AccessToken) + "\n"
	if t.ExpiresAt != nil {
		out += "export ACCESS_TOKEN_EXPIRES_AT=" + shellquote.Quoted(shellquote.POSIX, t.ExpiresAt.UTC().Format(time.RFC3339)) + "\n"
	}
	return out, nil
}

func (s *shell) write(text string, err error) error {
	if err != nil {
		return err
	}
	if _, err := io.WriteString(s.out, text); err != nil {
		return fmt.Errorf("the token cannot be written: %w", err)
	}
	return nil
}

func (s *shell) rejectedCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rejected NAME < token",
		Short: "Say that an API refused a token, and print the one to use now",
		Long: `Say that an API refused a token (a 401), and print the one to use now.

The token is read from stdin, so that it shows in no list of processes. If it is
the current one, it is renewed once, however many tools say so.`,
		Example: `  authtray rejected work <<< "$TOKEN"`,
		Args:    named,
		RunE: s.do(func(ctx context.Context, args []string) error {
			old, err := s.readSecret(ctx, "token that was rejected", "authtray rejected "+args[0]+" < token")
			if err != nil {
				return err
			}
			t, _, err := s.reject(ctx, args[0], old)
			if err != nil {
				return err
			}
			return s.write(t.AccessToken+"\n", nil)
		}),
	}
}
