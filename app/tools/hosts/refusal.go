package hosts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authtray/authtray/providers/text"
)

// Reason is why no connection answers for a host.
type Reason string

const (
	None       Reason = "none"        // the host is nobody's: another helper may know it
	PathNeeded Reason = "path_needed" // only paths of the host are somebody's, and none was said
	OtherUser  Reason = "other_user"  // the host is somebody's, and another user was asked for
	Several    Reason = "several"     // more than one answers
)

// Refusal says why no connection answers for a host, in one sentence for people
// and one that says what to write.
type Refusal struct {
	Reason Reason
	Detail string
	Names  []string // the connections that it is about, sorted
}

func (r *Refusal) Error() string { return r.Detail }

func (r request) nobody(elsewhere []candidate) error {
	if len(elsewhere) == 0 {
		return refusal(None, nil, "No connection answers for %s. Write it into the file of one, as in hosts = [%q].", clean(r.host), clean(r.host))
	}
	if r.path != "" {
		return refusal(None, elsewhere, "No connection answers for this path of %s; %s.", clean(r.host), paths(elsewhere))
	}
	return refusal(PathNeeded, elsewhere, "For %s the path decides, and none was said; %s. Let git say it: git config --global credential.https://%s.useHttpPath true",
		clean(r.host), paths(elsewhere), clean(r.host))
}

// paths says who answers for what.
func paths(list []candidate) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, fmt.Sprintf("%s answers for %s only", c.Name, c.by.path))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", and ")
}

func (r request) otherUser(fit []candidate) error {
	var whose []string
	for _, c := range fit {
		whose = append(whose, fmt.Sprintf("%s is connected as %s", c.Name, clean(c.Account)))
	}
	slices.Sort(whose)
	return refusal(OtherUser, fit, "%s was asked for at %s, but %s. Add a connection for %s, or name the connection in the address: https://%s@%s/…",
		clean(r.user), clean(r.host), strings.Join(whose, ", and "), clean(r.user), fit[0].Name, clean(r.host))
}

func (r request) several(best []candidate) error {
	e := refusal(Several, best, "").(*Refusal)
	e.Detail = fmt.Sprintf("%s all answer for %s. Name one in the address, as in https://%s@%s/…, or give one a path of its own in its file, as in hosts = [%q].",
		strings.Join(e.Names, " and "), clean(r.host), e.Names[0], clean(r.host), clean(r.host)+"/"+r.owner())
	if len(best) == 2 {
		e.Detail = strings.Replace(e.Detail, " all answer", " both answer", 1)
	}
	return e
}

// owner is the first part of the path: on forges, whose it is.
func (r request) owner() string {
	first, _, _ := strings.Cut(clean(r.path), "/")
	if first == "" {
		return "acme"
	}
	return first
}

func refusal(why Reason, about []candidate, format string, args ...any) error {
	e := &Refusal{Reason: why}
	if format != "" {
		e.Detail = fmt.Sprintf(format, args...)
	}
	for _, c := range about {
		e.Names = append(e.Names, c.Name)
	}
	slices.Sort(e.Names)
	e.Names = slices.Compact(e.Names)
	return e
}

// clean makes text of a tool's or a provider's fit for one line of a sentence.
func clean(s string) string { return text.Line(s, 80) }
