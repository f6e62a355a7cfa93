package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/desktop/browser"
	"github.com/authtray/authtray/app/shellquote"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/tokens"
	"github.com/authtray/authtray/tokens/client"
)

// connecting is one run of the connect command.
type connecting struct {
	*shell
	name      string
	noBrowser bool
	paste     bool
	device    bool
	accept    bool
	request   api.ConnectRequest
	timeout   time.Duration
	redirect  string // where the browser comes back to; "" before that is known
}

func (s *shell) connectCommand() *cobra.Command {
	run := &connecting{shell: s}
	c := &cobra.Command{
		Use:   "connect NAME",
		Short: "Sign in at the provider, in the browser",
		Long: `Sign in at the provider, in the browser, and wait until that is done. Starts the
agent if none runs. The address goes to stderr, alone on its line, in case no
browser opens.`,
		Example: `  authtray connect work
  authtray connect work --no-browser     # open the address yourself, on this machine
  authtray connect work --paste          # …on another one: paste where it ends up
  authtray connect work --device         # type a code on your phone
  authtray connect work --scope write    # ask for this scope as well, from now on`,
		Args: named,
	}
	c.Flags().BoolVar(&run.noBrowser, "no-browser", false, "print the address only (with --device too)")
	c.Flags().BoolVar(&run.paste, "paste", false, "print the address, and read the one that the browser ended on from stdin")
	c.Flags().BoolVar(&run.device, "device", false, "sign in on another device, with a code (RFC 8628)")
	c.Flags().DurationVar(&run.timeout, "timeout", 5*time.Minute, "how long to wait")
	c.Flags().StringArrayVar(&run.request.Scopes, "scope", nil, "ask for this scope as well, and keep it (may be repeated)")
	c.Flags().BoolVar(&run.request.SwitchAccount, "switch-account", false, "let the provider ask which account")
	c.Flags().BoolVar(&run.accept, "accept-account", false, "take the account that was just signed in, though it is another one than before")
	c.Flags().StringVar(&run.request.AcceptHost, "accept-host", "", "agree to a sign-in page on this host, which is not the provider's")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		run.name = args[0]
		if err := run.mode(); err != nil {
			return err
		}
		if err := s.ensureAgent(ctx); err != nil {
			return err
		}
		return run.connect(ctx)
	})
	return c
}

// mode reads the flags that exclude each other.
func (c *connecting) mode() error {
	chosen := 0
	for _, on := range []bool{c.noBrowser && !c.device, c.paste, c.device} {
		if on {
			chosen++
		}
	}
	switch {
	case chosen > 1:
		return usage("choose one of --no-browser, --paste and --device")
	case c.timeout <= 0:
		return usage("--timeout is a time such as 5m")
	case c.device:
		c.request.Mode = providers.Device
	case c.noBrowser || c.paste:
		c.request.Mode = providers.URLOnly
	default:
		c.request.Mode = providers.Browser
	}
	return nil
}

func (c *connecting) connect(ctx context.Context) error {
	if c.accept {
		return c.takeOther(ctx)
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	c.patience = c.timeout + answerTime
	now, err := c.wait(bounded)
	over, _ := bounded.Deadline() // which a connection may see before the context does
	if err != nil && (bounded.Err() != nil || !time.Now().Before(over)) {
		return c.giveUp(ctx)
	}
	var p *client.Problem
	switch {
	case isCode(err, api.CodeOtherAccount):
		return c.askOther(ctx, err)
	case isCode(err, api.CodeOtherHost) && errors.As(err, &p) && p.Host != c.request.AcceptHost:
		return c.askHost(ctx, p)
	case err != nil:
		return err
	}
	return c.connected(now)
}

// askHost asks whether a sign-in page on another host than its provider is meant.
func (c *connecting) askHost(ctx context.Context, p *client.Problem) error {
	t := asTrouble(p)
	if !isTerminal(c.in) {
		return failed(shellquote.Command(shellquote.Local(), "authtray", "connect", c.name, "--accept-host", oneLine(p.Host)), "%s", t.sentence)
	}
	c.say("%s\nGo on? [y/N] ", oneLine(t.sentence))
	if !c.yes() {
		return failed("", "%s is not connected, and its sign-in page was not opened", c.name)
	}
	c.request.AcceptHost = p.Host
	return c.connect(ctx)
}

// yes reads the answer to a question.
func (c *connecting) yes() bool {
	line, _ := bufio.NewReader(c.in).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

// show tells a person how to go on. The URL stands alone on its line.
func (c *connecting) show(at api.Attempt) {
	c.redirect = at.RedirectURI
	switch {
	case at.UserCode != "":
		c.showCode(at.UserCode, at.URL)
	case at.BrowserError != "":
		why, _, _ := strings.Cut(at.BrowserError, ": copy the link")
		c.say("%s. Open this address yourself:\n%s", strings.TrimRight(oneLine(why), "."), oneLine(at.URL))
	case c.paste:
		c.say("Open this address in a browser, on any machine:\n%s", oneLine(at.URL))
		c.say("It ends on a page that may not load. Paste the whole address of that page here, and press Enter:")
	case c.noBrowser:
		c.say("Open this address in a browser on this machine:\n%s", oneLine(at.URL))
	default:
		c.say("Your browser opens. If it does not, open this address:\n%s", oneLine(at.URL))
	}
}

// showCode shows a device code and where it is typed in, and opens the page
// where a person sits at this machine.
func (c *connecting) showCode(code, url string) {
	code, url = oneLine(code), oneLine(url)
	c.say("Enter the code\n\n    %s\n\nat this address, on any device:\n%s", code, url)
	if !isTerminal(c.in) || c.noBrowser {
		return
	}
	quick, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if browser.Open(quick, config.NewLog(c.err), url) == nil {
		c.say("It opens in your browser, too.")
	}
}

// ending is how a flow ended.
type ending struct {
	now tokens.Status
	err error
}

// wait begins the flow, or takes up the pending one, and returns when it has
// ended, by the browser or by what is pasted.
func (c *connecting) wait(ctx context.Context) (tokens.Status, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	said, err := c.agent().Stream(ctx, http.MethodPost, connection(c.name, "connect")+"?wait=true", c.request)
	if err != nil {
		return tokens.Status{}, err
	}
	defer said.Close()
	first, err := next(said)
	if err != nil {
		return tokens.Status{}, err
	}
	c.show(first.Attempt)
	ends := make(chan ending, 2)
	go func() { ends <- follow(said) }()
	if c.paste {
		go func() { ends <- c.readPasted(ctx) }()
	}
	e := <-ends
	return e.now, e.err
}

// progress is a line of the agent's answer: how to go on, and how it ended.
type progress struct {
	Attempt    api.Attempt
	Connection tokens.Status
	Problem    *client.Problem
}

// next waits for the next line.
func next(said *client.Stream) (p progress, err error) {
	line, err := said.Line()
	if err == io.EOF {
		return p, client.ErrNoAnswer
	}
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(line, &p); err != nil {
		return p, fmt.Errorf("the agent's answer cannot be read: %w", err)
	}
	return p, nil
}

// follow waits for the flow's end.
func follow(said *client.Stream) ending {
	last, err := next(said)
	switch {
	case err != nil:
		return ending{err: err}
	case last.Problem != nil:
		return ending{err: last.Problem}
	}
	return ending{now: last.Connection}
}

// giveUp ends the flow at the agent, too.
func (c *connecting) giveUp(ctx context.Context) error {
	quick, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	stopped := ctx.Err() != nil
	if err := c.agent().Do(quick, http.MethodDelete, connection(c.name, "connect")+"?timed_out="+strconv.FormatBool(!stopped), nil, nil); err != nil {
		return err
	}
	if stopped {
		return failed("authtray connect "+c.name, "stopped before the sign-in was done")
	}
	advice := ""
	if c.registersItself(quick) { // the server forgets such a client without a word to us
		advice = ": if its page says that it does not know the client, register another one: authtray disconnect " + c.name + " && authtray connect " + c.name
	} else if c.redirect != "" {
		advice = ": if the provider showed an error page, see that the app's settings there have the redirect URI " + oneLine(c.redirect) + " (many take any port), and that the client id is right, or correct it: authtray add " + c.name + " --client-id ID"
		if strings.HasPrefix(c.redirect, "http:") && !strings.Contains(c.redirect, fmt.Sprint(":", catalog.FixedPort, "/")) {
			advice += "; where it takes only the exact URI: authtray add " + c.name + " --set redirect.port=fixed"
		}
		advice += "; then once more: authtray connect " + c.name
	}
	return failed("authtray connect "+c.name, "nobody signed in within %v%s", c.timeout, advice)
}

// registersItself reports whether the connection is to an MCP server, by a client that
// Authtray registers.
func (c *connecting) registersItself(ctx context.Context) bool {
	conn, _, err := c.mcpConnection(ctx, c.name)
	return err == nil && conn.MCP != "" && conn.ClientID == ""
}

func (c *connecting) connected(now tokens.Status) error {
	if now.Unsaved {
		c.say("%s", oneLine(unsaved(now)))
	}
	if now.Note != "" {
		c.say("%s", oneLine(now.Note))
	}
	switch {
	case now.Account == "":
		return c.print("Connected.")
	case providers.NamesServer(now.ProviderName, now.Account):
		return c.print("Connected to %s.", oneLine(now.Account))
	}
	return c.print("Connected as %s.", oneLine(now.Account))
}

// isCode says whether the agent answered with that problem.
func isCode(err error, code tokens.Code) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Code == string(code)
}

// readPasted gives each pasted line to the flow. A wrong one leaves the flow
// pending; a person may try again.
func (c *connecting) readPasted(ctx context.Context) (e ending) {
	lines := bufio.NewScanner(c.in)
	lines.Buffer(nil, maxSecret)
	e.err = usage("no address came on stdin: paste the whole address that the browser ended on")
	for lines.Scan() {
		pasted := strings.TrimSpace(lines.Text())
		if pasted == "" {
			continue
		}
		e.err = c.agent().Do(ctx, http.MethodPost, connection(c.name, "connect", "redirect"), api.Redirect{URL: pasted}, &e.now)
		if !isCode(e.err, tokens.CodeBadRequest) || !isTerminal(c.in) {
			return e
		}
		c.say("%s Paste it again:", asTrouble(e.err).line())
	}
	return e
}

// askOther asks whether the account of another person is meant: tools would
// silently act as them.
func (c *connecting) askOther(ctx context.Context, other error) error {
	t := asTrouble(other)
	if !isTerminal(c.in) {
		return failed("authtray connect "+c.name+" --accept-account", "%s", t.sentence)
	}
	c.say("%s\nUse it from now on? [y/N] ", oneLine(t.sentence))
	if !c.yes() {
		return failed("", "%s stays as it was", c.name)
	}
	return c.takeOther(ctx)
}

func (c *connecting) takeOther(ctx context.Context) error {
	var now tokens.Status
	in := api.ConnectRequest{AcceptAccount: true}
	if err := c.agent().Do(ctx, http.MethodPost, connection(c.name, "connect"), in, &now); err != nil {
		return err
	}
	return c.connected(now)
}
