package tokens

import (
	"fmt"
	"strings"
)

// account is what happened in simulated lives.
type account struct {
	events      int
	refreshes   int
	served      int
	deaths      int
	lostGrants  int // given up by the provider because an answer never arrived, or by us because the keychain never took it
	revocations int

	// What the double fault costs: the write of an end failed, and the process ended.
	doubles     int // …so often
	cuts        int // a crash between the hearing of an end and its first write
	repeated    int // ends that were found once more because of either
	retolds     int // …and told once more
	servedAgain int // …tokens of those grants that were handed out once more
	lostSignIns int // that a crash took before the keychain did
	unnamed     int // ends by a lost answer that were called a revocation: a crash took the memory of it

	tornNotes int // notes that could not be read, and that the user was told of

	parks, unparks int // grants that were parked, and that the user's trying again brought back
	barTolds       int // policies that refused for a day, and were told of

	broken, silent, behind int // answers that were lost: the connection broke, nothing came, a gateway answered
	inTime                 int // …that were asked for again while the provider takes the refresh token again

	tries  int // brought forward by callers
	short  int // tokens that were handed out though they last less long than was wanted
	less   int // tokens for less that were handed out
	others int // times that another process owned the records, while the bus of this one was away
	quits  int // processes that ended as they were asked to
}

// add adds what happened in another life.
func (a *account) add(other account) {
	more := other.all()
	for i, n := range a.all() {
		*n += *more[i]
	}
}

func (a *account) all() []*int {
	return []*int{
		&a.events, &a.refreshes, &a.served, &a.deaths, &a.lostGrants, &a.revocations, &a.doubles, &a.cuts, &a.repeated, &a.retolds,
		&a.servedAgain, &a.lostSignIns, &a.unnamed, &a.parks, &a.unparks, &a.barTolds, &a.broken, &a.silent, &a.behind, &a.inTime,
		&a.tries, &a.short, &a.less, &a.quits, &a.tornNotes, &a.others,
	}
}

func (a account) String() string {
	lines := []string{
		fmt.Sprintf("%d events, %d refreshes, %d tokens served", a.events, a.refreshes, a.served),
		fmt.Sprintf("%d revocations, %d ends: %d because an answer never arrived, of which a crash had %d called a revocation; %d sign-ins that a crash took before the keychain did",
			a.revocations, a.deaths, a.lostGrants, a.unnamed, a.lostSignIns),
		fmt.Sprintf("answers lost: %d by a connection that broke, %d in silence, %d behind a gateway; %d asked for again inside the provider's grace", a.broken, a.silent, a.behind, a.inTime),
		fmt.Sprintf("%d parked, %d of them brought back by trying again; %d policies that refused for a day, and %d notes that could not be read, told of",
			a.parks, a.unparks, a.barTolds, a.tornNotes),
		fmt.Sprintf("%d tries brought forward by callers; %d tokens that last less long than was wanted, and said so; %d tokens for less", a.tries, a.short, a.less),
		fmt.Sprintf("%d double faults (an end that could not be written, and a crash), %d crashes between an end and its first write: %d ends found once more, %d told once more, %d tokens handed out meanwhile",
			a.doubles, a.cuts, a.repeated, a.retolds, a.servedAgain),
	}
	if a.others > 0 {
		lines = append(lines, fmt.Sprintf("%d times another process owned the records meanwhile", a.others))
	}
	if a.quits > 0 {
		lines = append(lines, fmt.Sprintf("%d processes ended as they were asked to, with nothing lost", a.quits))
	}
	return strings.Join(lines, "\n  ")
}
