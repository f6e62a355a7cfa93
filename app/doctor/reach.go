package doctor

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/refusal"
	"github.com/authtray/authtray/tokens"
)

// proxyCheck tells through which proxy providers are asked, and who says so: a shell
// may have other variables than the agent, which the desktop started.
func proxyCheck(context.Context, Input) Check {
	const id = "proxy"
	switch host, variable := providers.Proxy(); {
	case variable == "":
		return fine(id, "Providers are asked without a proxy: HTTPS_PROXY is not set here.")
	case host == "":
		return failed(id, "unset "+variable+"; authtray run --replace", "What %s holds is no proxy's address, so no provider can be asked.", variable)
	default:
		return fine(id, "Providers are asked through the proxy %s, which %s names.", host, variable)
	}
}

// reachCheck asks each connection's provider, and compares the clock with the
// one that is furthest off of those that tell theirs.
func reachCheck(ctx context.Context, p Input) []Check {
	var work sync.WaitGroup
	visits := make([]visit, len(p.Connections))
	for i, c := range p.Connections {
		if c.Client != nil {
			work.Go(func() { visits[i] = call(ctx, p, c) })
		}
	}
	work.Wait()
	var checks []Check
	clock := Check{}
	worst := time.Duration(-1)
	for _, v := range visits {
		checks = append(checks, v.check)
		if v.timed && v.ahead.Abs() > worst {
			worst, clock = v.ahead.Abs(), clockCheck(v.ahead, v.host)
		}
	}
	return append([]Check{clock}, checks...)
}

// visit is what came of asking one provider.
type visit struct {
	check Check
	ahead time.Duration // our clock, minus the provider's
	timed bool
	host  string
}

func call(ctx context.Context, p Input, c Connection) visit {
	id := "connection " + c.Name
	reached, err := c.Client.Reach(ctx)
	v := visit{host: host(reached.Origin)}
	if err != nil {
		v.check = unreachable(id, c, reached, err)
		return v
	}
	if !reached.Date.IsZero() {
		v.timed, v.ahead = true, p.Now().Round(0).Sub(reached.Date)
	}
	v.check = state(id, c, v.host)
	return v
}

func unreachable(id string, c Connection, r providers.Reached, err error) Check {
	var f *refusal.Failure
	if !errors.As(err, &f) {
		return failed(id, "authtray status "+c.Name, "The provider cannot be asked: %v.", err)
	}
	hint := "authtray status " + c.Name
	if r.Origin != "" {
		hint = "curl -vI " + r.Origin
	}
	return failed(id, hint, "%s", f.Detail)
}

// state is what the agent says of a connection whose provider can be reached.
func state(id string, c Connection, host string) Check {
	switch st := c.State; st.State {
	case tokens.ReconnectRequired:
		return failed(id, "authtray connect "+c.Name, "%s", st.Detail)
	case tokens.Misconfigured, tokens.KeychainLocked, tokens.Retrying:
		return failed(id, "authtray status "+c.Name, "%s", st.Detail)
	case "":
		return fine(id, "%s can be reached.", host)
	default:
		return fine(id, "%s can be reached, and the connection is %s.", host, strings.ReplaceAll(string(st.State), "_", " "))
	}
}

func host(origin string) string {
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		return u.Host
	}
	return "The provider"
}
