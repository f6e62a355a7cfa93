package hosts

import (
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
)

// Connection is what the decision needs of one.
type Connection struct {
	Name    string
	Account string   // whose it is, for people; "": not known
	Hosts   []string // see the package's comment
	Yields  bool     // it answers where no other does
}

// Match gives the name of the connection that answers for a host ("HOST" or
// "HOST:PORT"; without one, that of https is meant). path and user are what the
// tool said, "" where it said nothing; a leading slash of path does not matter.
// The error is a *Refusal. Match keeps nothing and asks nobody.
func Match(all []Connection, host, path, user string) (string, error) {
	asked := request{host: host, at: hostPort(host), path: resolved(path), user: user}
	fit, elsewhere := asked.unyielding(asked.fitting(all))
	if len(fit) == 0 {
		return "", asked.nobody(elsewhere)
	}
	ours := asked.ofUser(fit)
	if len(ours) == 0 {
		return "", asked.otherUser(fit)
	}
	best := closest(ours)
	if len(best) > 1 {
		return "", asked.several(best)
	}
	return best[0].Name, nil
}

// resolved is a path as a server may take it: encodings and dot segments are
// resolved, so that none leads out of the path that a connection is for. One whose
// encoding is not right fits no such path.
func resolved(asked string) string {
	for range maxEncodings {
		plain, err := url.PathUnescape(asked)
		if err != nil {
			return "%"
		}
		if plain == asked {
			return strings.Trim(path.Clean("/"+strings.ReplaceAll(plain, `\`, "/")), "/")
		}
		asked = plain
	}
	return "%"
}

// maxEncodings is how many times over a path may be encoded.
const maxEncodings = 4

type request struct{ host, at, path, user string }

// candidate is a connection and the one of its patterns that says most.
type candidate struct {
	Connection
	by pattern
}

// fitting are the connections that fit host and path, and those that fit the
// host at other paths.
func (r request) fitting(all []Connection) (fit, elsewhere []candidate) {
	for _, c := range all {
		var best *pattern
		for _, text := range c.Hosts {
			p := parse(text)
			switch {
			case !p.fits(r.at):
			case !p.holds(r.path):
				elsewhere = append(elsewhere, candidate{c, p})
			case best == nil || p.closer(*best):
				best = &p
			}
		}
		if best != nil {
			fit = append(fit, candidate{c, *best})
		}
	}
	return fit, elsewhere
}

// unyielding leaves out those that yield to others. A path that was not said may be
// another's.
func (r request) unyielding(fit, elsewhere []candidate) (left, leftElsewhere []candidate) {
	stays := func(c candidate) bool { return !c.Yields || c.Name == r.user }
	if some := filter(fit, stays); len(some) > 0 {
		return some, nil
	}
	if some := filter(elsewhere, stays); len(some) > 0 && r.path == "" {
		return nil, some
	}
	return fit, elsewhere
}

// nobodys are user names that tools send with tokens, which name no account.
var nobodys = []string{"", "git", "oauth2", "oauth", "oauth2accesstoken", "token", "<token>", "x-access-token", "x-oauth-basic", "x-token-auth"}

// ofUser leaves those of the user that was asked for: a connection of that
// name, else those of that account, else those of which it is not known.
func (r request) ofUser(fit []candidate) []candidate {
	if slices.Contains(nobodys, strings.ToLower(r.user)) {
		return fit
	}
	for _, is := range []func(candidate) bool{
		func(c candidate) bool { return c.Name == r.user },
		func(c candidate) bool { return strings.EqualFold(c.Account, r.user) },
		func(c candidate) bool { return !comparable(c.Account, r.user) },
	} {
		if some := filter(fit, is); len(some) > 0 {
			return some
		}
	}
	return nil
}

// comparable says whether two names are of one kind: an address of e-mail or a
// display name says nothing about a user name.
func comparable(account, user string) bool {
	return account != "" && !strings.ContainsAny(account, " \t") && strings.Contains(account, "@") == strings.Contains(user, "@")
}

func filter(list []candidate, is func(candidate) bool) (some []candidate) {
	for _, c := range list {
		if is(c) {
			some = append(some, c)
		}
	}
	return some
}

// closest are those of which no other says more.
func closest(list []candidate) []candidate {
	return filter(list, func(c candidate) bool {
		return !slices.ContainsFunc(list, func(other candidate) bool { return other.by.closer(c.by) })
	})
}

// pattern is one line of hosts, taken apart.
type pattern struct {
	host string // host:port, lower case
	wild bool   // every host below it
	path string // "acme/tools", or "" for any
}

func parse(s string) pattern {
	host, path, _ := strings.Cut(s, "/")
	host, wild := strings.CutPrefix(host, "*.")
	return pattern{host: hostPort(host), wild: wild, path: strings.Trim(path, "/")}
}

// hostPort is a host in its one spelling, with the port of https where it names
// none.
func hostPort(s string) string {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "443"
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)
}

// fits compares with a host:port; the path is another matter.
func (p pattern) fits(host string) bool {
	if p.wild {
		return strings.HasSuffix(host, "."+p.host)
	}
	return host == p.host
}

// holds: segment by segment, without regard to case, as forges do it.
func (p pattern) holds(path string) bool {
	n := len(p.path)
	return n == 0 || len(path) >= n && strings.EqualFold(path[:n], p.path) && (len(path) == n || path[n] == '/')
}

// closer says whether p says more of a request than q, both of which fit it.
func (p pattern) closer(q pattern) bool {
	switch {
	case p.wild != q.wild:
		return q.wild
	case p.host != q.host:
		return len(p.host) > len(q.host)
	}
	return len(p.path) > len(q.path)
}
