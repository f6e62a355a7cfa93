package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/app/tools/mcp"
	"github.com/authtray/authtray/app/tools/setup"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens/client"
)

// What a bridge may take, as a person may have dozens: how much its heap may grow before
// it is collected, in percent, and how many threads run at once, each of which keeps free
// memory of its own. One is the fastest too: a call goes through a dozen goroutines one
// after the other, and with a second thread each hand-over may have to wake it.
const (
	bridgeGC      = 25
	bridgeThreads = 1
)

// beSmall is called before anything else where a process is to be a bridge.
func beSmall() {
	mcp.Shed() // the beginnings of all packages, which lie everywhere in the file
	debug.SetGCPercent(bridgeGC)
	runtime.GOMAXPROCS(bridgeThreads)
}

func (s *shell) mcpCommand() *cobra.Command {
	var add string
	c := &cobra.Command{
		Use:   "mcp NAME",
		Short: "Give an AI client the MCP server of a connection",
		Long: `Give an AI client the MCP server of a connection: the client starts this command
and speaks MCP with it over stdin and stdout, and each request to the server has
the token of that moment. All clients share the one sign-in.

No browser opens by itself: where you have to sign in, a notification asks. Until
then the client is answered with what the server said last, its calls wait for 20
seconds, and then fail with a sentence that says what to do. The client need not be
started again.

The command ends when its stdin does, or the process that started it. It listens
nowhere, and writes no token anywhere. --add URL adds a connection to the MCP server
first, under a name made of its host, unless there is one.`,
		Example: `  authtray mcp notion
  claude mcp add notion -- authtray mcp notion
  authtray mcp --add https://mcp.example.com/mcp`,
		Args: func(c *cobra.Command, args []string) error {
			if add != "" {
				return cobra.NoArgs(c, args)
			}
			return named(c, args)
		},
	}
	c.Flags().StringVar(&add, "add", "", "the URL of an MCP server, in place of NAME")
	c.RunE = s.do(func(ctx context.Context, args []string) error {
		name := strings.Join(args, "")
		if add != "" {
			var err error
			if name, err = s.addMCP(ctx, add); err != nil {
				return err
			}
		}
		return s.bridge(ctx, name)
	})
	return c
}

// consentTime is longer than the agent waits for its user's consent.
const consentTime = 15 * time.Minute

// bridge lets the client at the other end of stdin and stdout speak with the MCP
// server of a connection.
func (s *shell) bridge(ctx context.Context, name string) error {
	s.patience = max(s.patience, consentTime)
	b := mcp.Bridge{
		Name: name, Agent: s.agent(), Version: s.build.Version,
		Memory: mcp.Memory(s.paths.State),
	}
	conn, remote, err := s.mcpConnection(ctx, name)
	switch {
	case err != nil:
		return err
	case remote:
		b.Remote = true
	case conn.MCP == "":
		return failed("authtray add NEWNAME --mcp URL", "%s is no connection to an MCP server: name another one, or add one", name)
	default:
		b.URL, b.Scopes = conn.MCP, conn.Tools.Scope
		b.Policy = mcp.Policy{Deny: conn.Tools.Deny, Ask: conn.Tools.Ask}
		if b.Transport, err = providers.NewTransport(conn.CAFile); err != nil {
			return failed("", "the ca_file of %s cannot be used: %v", name, err)
		}
	}
	b.Consent = func(ctx context.Context, client string, scopes []string) error {
		r := api.ConnectRequest{Mode: api.ModeAsk, For: client, Scopes: scopes}
		return s.agent().Do(ctx, http.MethodPost, connection(name, "connect")+"?wait=true", r, nil)
	}
	b.AskTool = func(ctx context.Context, client, tool string) error {
		r := api.ConnectRequest{Mode: api.ModeAsk, For: client, Tool: tool}
		return s.agent().Do(ctx, http.MethodPost, connection(name, "connect")+"?wait=true", r, nil)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { defer stop(); parentEnds(ctx) }()
	if err := b.Run(ctx, s.in, s.out); err != nil {
		return fmt.Errorf("stdin cannot be read: %w", err)
	}
	return nil
}

// mcpConnection is a connection as the agent knows it, or as its file says where no
// agent runs. remote: this is another machine than the agent's, whose forwarded
// socket does not tell the configuration.
func (s *shell) mcpConnection(ctx context.Context, name string) (conn catalog.Connection, remote bool, err error) {
	var now struct {
		Config *catalog.Connection `json:"config"`
	}
	err = s.get(ctx, connection(name), &now)
	switch {
	case err == nil && now.Config == nil:
		return conn, true, nil
	case err == nil:
		now.Config.MCP = s.serverOf(*now.Config)
		return *now.Config, false, nil
	case !errors.Is(err, client.ErrNoAgent):
		return conn, false, err
	}
	if err := s.mustExist(ctx, name); err != nil {
		return conn, false, err
	}
	file, err := config.Connection(s.paths.Connections(), name)
	file.Connection.MCP = s.serverOf(file.Connection)
	return file.Connection, false, err
}

// serverOf is the MCP server that a connection leads to, by its file or by its
// provider's entry; "" for none. The catalogue is read only where the file says nothing.
func (s *shell) serverOf(conn catalog.Connection) string {
	if conn.MCP != "" {
		return conn.MCP
	}
	client, err := s.resolve(conn)
	if err != nil {
		return ""
	}
	return client.Connection().MCP
}

// addMCP adds a connection to an MCP server, and returns its name; if there is one
// already, that is it.
func (s *shell) addMCP(ctx context.Context, server string) (name string, err error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return "", usage("--add is the https URL of an MCP server, not %q", oneLine(server))
	}
	err = s.here(ctx, withFiles, func(a client.Agent) error {
		var all struct {
			Connections []api.Connection `json:"connections"`
		}
		if err := a.Do(ctx, http.MethodGet, "/v1/connections", nil, &all); err != nil {
			return err
		}
		taken := map[string]bool{}
		for _, c := range all.Connections {
			taken[c.Name] = true
			var now struct {
				Config catalog.Connection `json:"config"`
			}
			if a.Do(ctx, http.MethodGet, connection(c.Name), nil, &now) == nil && sameServer(s.serverOf(now.Config), u) {
				name = c.Name
				return nil
			}
		}
		name = freeName(u.Hostname(), taken)
		return a.Do(ctx, http.MethodPut, connection(name), catalog.Connection{Provider: "mcp", MCP: server}, nil)
	})
	if err == nil {
		s.say("authtray: %s is the connection to %s", name, oneLine(server))
	}
	return name, err
}

// sameServer reports whether a connection's MCP server is the one at u: a host is the
// same in either case, a path is not.
func sameServer(its string, u *url.URL) bool {
	other, err := url.Parse(its)
	return err == nil && other.Scheme == u.Scheme && strings.EqualFold(other.Host, u.Host) &&
		cmp.Or(other.Path, "/") == cmp.Or(u.Path, "/") && other.RawQuery == u.RawQuery
}

func mcpFlags(c *cobra.Command, a *setupAsked) {
	c.Flags().StringVar(&a.mcp, "client", "", "the client: "+text.OrList(setup.MCPClients()))
}

// setupMCP is how a client is to start the bridge.
func setupMCP(_ *shell, _ context.Context, p setup.Plan, a *setupAsked) ([]setup.Step, error) {
	steps := setup.MCP(p, a.mcp)
	if steps == nil {
		all := setup.MCPClients()
		return nil, usage("--client is %s, not %q%s", text.OrList(all), oneLine(a.mcp), meant(a.mcp, all))
	}
	return steps, nil
}

var notInNames = text.Pattern(`[^a-z0-9.-]+`)

// freeName is a name made of a host: notion of mcp.notion.com.
func freeName(host string, taken map[string]bool) string {
	labels := strings.Split(strings.ToLower(host), ".")
	for len(labels) > 2 && (labels[0] == "mcp" || labels[0] == "www" || labels[0] == "api") {
		labels = labels[1:]
	}
	name := labels[0]
	if len(labels) == 4 && strings.Trim(host, "0123456789.") == "" || strings.Contains(host, ":") {
		name = "mcp" // an address says nothing
	}
	name = strings.Trim(notInNames().ReplaceAllString(name, "-"), ".-")
	name = cmp.Or(name[:min(len(name), 40)], "mcp")
	for n := 1; ; n++ {
		try := name
		if n > 1 {
			try = fmt.Sprint(name, "-", n)
		}
		if !taken[try] && config.CheckName(try) == nil {
			return try
		}
	}
}

// parentLook is how often it is looked whether the parent is still there.
const parentLook = 3 * time.Second

// parentEnds returns when the process that started this one has ended, or ctx has.
// Most often stdin has ended before; not where a third process holds its other end.
func parentEnds(ctx context.Context) {
	parent := os.Getppid()
	if runtime.GOOS == "windows" { // where the parent's number stays, and any process can be waited for
		if p, err := os.FindProcess(parent); err == nil {
			_, _ = p.Wait()
			return
		}
	}
	look := time.NewTicker(parentLook)
	defer look.Stop()
	for os.Getppid() == parent {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}
