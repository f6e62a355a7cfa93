package app

import (
	"bufio"
	"context"
	"net/http"
	"strings"

	"github.com/authtray/authtray/app/socket"
	"github.com/authtray/authtray/tokens"
)

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
		e.err = c.agent().do(ctx, http.MethodPost, connection(c.name, "connect", "redirect"), socket.Redirect{URL: pasted}, &e.now)
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
	line, _ := bufio.NewReader(c.in).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return failed("", "%s stays as it was", c.name)
	}
	return c.takeOther(ctx)
}

func (c *connecting) takeOther(ctx context.Context) error {
	var now tokens.Status
	in := socket.ConnectRequest{AcceptAccount: true}
	if err := c.agent().do(ctx, http.MethodPost, connection(c.name, "connect"), in, &now); err != nil {
		return err
	}
	return c.connected(now)
}
