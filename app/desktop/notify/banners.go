package notify

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authtray/authtray/app/lang"
)

// How long a banner may be anywhere. On the screen it is shorter, but GNOME and
// Plasma keep a list of what was missed.
const (
	infoStays = time.Minute
	warnStays = 12 * time.Hour
)

// Banners of one kind are one notification: a folder that is replaced concerns
// every connection at once. It is shown gatherFor after the first of them came, with
// all that came meanwhile, and again after kindPause at the earliest.
const (
	gatherFor = time.Second
	kindPause = 10 * time.Second
)

// kindOf is the kind of a banner about one of many connections, as in "NAME file";
// "" for a banner that stands alone.
func kindOf(about string) string {
	if name, kind, ok := strings.Cut(about, " "); ok && name != "" {
		return kind
	}
	return ""
}

// severalOf says of several banners of a kind what they have in common: a title with
// their count, and what to do.
var severalOf = map[string][2]string{
	"file":    {"{{.Count}} connection files cannot be used", "Authtray goes on with what it last read. Open Authtray to see why."},
	"policy":  {"{{.Count}} connections are refused for now", "Authtray goes on trying. Open Authtray to see why."},
	"consent": {"Programs ask for {{.Count}} connections", "Open Authtray to sign in for them."},
	"account": {"{{.Count}} connections have another account now", "Open Authtray to see which."},
	"unsaved": {"The new tokens of {{.Count}} connections are not saved yet", "Unlock the keychain, or they are lost when Authtray ends."},
	"ends":    {"{{.Count}} sign-ins end soon", "Reconnect them in Authtray before then to go on without a break."},
	"shared":  {"{{.Count}} connections share an account with another", "Open Authtray to see which."},
}

// severalOfAny is for a kind that is not there.
var severalOfAny = [2]string{"{{.Count}} connections need you", "Open Authtray to see why."}

// Texts are those of the tables here, for whoever translates them.
func Texts() (all []string) {
	for _, t := range severalOf {
		all = append(all, t[:]...)
	}
	return append(all, severalOfAny[:]...)
}

// namedAtOnce is how many connections a notification about several names.
const namedAtOnce = 3

// several is one message for the banners about many connections.
func several(kind string, names []string, l *lang.Language) message {
	said, ok := severalOf[kind]
	if !ok {
		said = severalOfAny
	}
	slices.Sort(names)
	who := strings.Join(names[:min(len(names), namedAtOnce)], ", ")
	if more := len(names) - namedAtOnce; more > 0 {
		who += " " + l.Count("and {{.Count}} more", more)
	}
	return message{title: l.Tr(said[0], "Count", strconv.Itoa(len(names))), body: who + ". " + l.Tr(said[1]), warning: true}
}

// gathering is the banners of one kind that are, or are to be, one notification.
type gathering struct {
	last  message   // that came
	shown time.Time // when it was shown last
	due   time.Time // when it is to be shown; zero: it says what there is to say
}

// gather takes in a banner of a kind.
func (r *runner) gather(kind string, m message) {
	g := r.gathered[kind]
	if g == nil {
		g = &gathering{}
		r.gathered[kind] = g
	}
	g.last = m
	if g.due.IsZero() {
		now := r.opts.Clock.Now()
		g.due = now.Add(gatherFor)
		if again := g.shown.Add(kindPause); again.After(g.due) && !g.shown.After(now) {
			g.due = again
		}
	}
}

// showGathered shows the kinds whose time has come.
func (r *runner) showGathered() {
	now := r.opts.Clock.Now()
	for kind, g := range r.gathered {
		if g.due.IsZero() || now.Before(g.due) && g.due.Sub(now) <= kindPause {
			continue
		}
		g.due, g.shown = time.Time{}, now
		abouts := r.ofKind(kind)
		m := g.last
		switch {
		case len(abouts) == 0:
			continue
		case len(abouts) > 1 || m.about != abouts[0]:
			m = several(kind, namesOf(abouts), r.opts.Language)
		}
		m.about = kind
		r.putBanner(m, abouts)
	}
}

// ofKind are the banners of a kind that are not taken back.
func (r *runner) ofKind(kind string) (abouts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for about := range r.banners {
		if kindOf(about) == kind {
			abouts = append(abouts, about)
		}
	}
	return abouts
}

func namesOf(abouts []string) (names []string) {
	for _, about := range abouts {
		name, _, _ := strings.Cut(about, " ")
		names = append(names, name)
	}
	return names
}

func (r *runner) showBanner(m message) {
	if kind := kindOf(m.about); kind != "" {
		r.gather(kind, m)
		return
	}
	r.putBanner(m, []string{m.about})
}

// putBanner shows a banner, which says what there is to say of abouts.
func (r *runner) putBanner(m message, abouts []string) {
	if err := r.desk.banner(m); err != nil {
		r.opts.Log.Info("a notification could not be shown", "err", err)
	}
	stays := infoStays
	if m.warning {
		stays = warnStays
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, about := range abouts {
		r.banners[about] = r.opts.Clock.Now().Add(stays)
	}
}

// settle takes back the banner about something, if it is there: one about several
// with the last of them.
func (r *runner) settle(about string) {
	r.mu.Lock()
	delete(r.banners, about)
	r.mu.Unlock()
	kind := kindOf(about)
	if kind == "" {
		r.desk.settle(about)
		return
	}
	if g := r.gathered[kind]; g != nil && len(r.ofKind(kind)) == 0 {
		delete(r.gathered, kind)
		if !g.shown.IsZero() {
			r.desk.settle(kind)
		}
	}
}

// settleOld takes back what has been there long enough, and settleAll everything.
func (r *runner) settleOld() { r.settleUntil(r.opts.Clock.Now()) }
func (r *runner) settleAll() { r.settleUntil(r.opts.Clock.Now().Add(warnStays)) }

func (r *runner) settleUntil(now time.Time) {
	var old []string
	r.mu.Lock()
	for about, until := range r.banners {
		if !until.IsZero() && !now.Before(until) {
			old = append(old, about)
		}
	}
	r.mu.Unlock()
	for _, about := range old {
		r.settle(about)
	}
}
