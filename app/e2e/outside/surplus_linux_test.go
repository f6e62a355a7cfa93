package outside

import "time"

// talkative lets the provider send too much in every form, wherever tokens are
// issued or used, and where none are: each time the answer itself is good.
func (s *story) talkative() {
	s.t.Helper()
	doors := s.doors()
	s.heal("work")
	for i := range surpluses() {
		form := func() *surplus { return surpluses()[i] }
		s.sentMore(form(), "POST", "/token", func() { s.must("", "refresh", "work") })
		for _, d := range doors {
			s.sentMore(form(), "GET", "/api/whoami", func() {
				answer := d.say(s.t, request("GET /v1/connections/wide/api/whoami"), 10*time.Second)
				if !good(answer) {
					s.t.Errorf("%s: an API that answers %s is not reached: %.60q", d.name, form().name, answer)
				}
				s.places = append(s.places, place{d.name + "'s answer from an API that answers " + form().name, answer, nil})
			})
		}
		s.sentMore(form(), "HEAD", "/token", func() { s.do(nil, "", "doctor") })
		if x := form(); !x.late { // the command is over by then
			s.sentMore(x, "GET", "/api/whoami", func() { s.must("", "request", "work", "/whoami") })
		}
	}
}

// sentMore lets the provider send x while asks runs, and wants it to have come.
func (s *story) sentMore(x *surplus, method, path string, asks func()) {
	s.t.Helper()
	s.ledger.add(x, method, path)
	asks()
	s.ledger.silent()
	close(x.due)
	x.under.Wait()
	if x.delivered.Load() == 0 {
		s.t.Errorf("no answer to %s %s was %s, so that tells nothing", method, path, x.name)
	}
}
