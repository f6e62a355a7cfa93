package socket

import (
	"strconv"

	"github.com/authtray/authtray/app/audit"
)

const (
	defaultReads = 100
	maxReads     = 10_000
)

// reads streams the record of who read which token. A reader that leaves one
// line unread for WriteTimeout is hung up on.
func (s *Server) reads(c call) error {
	n, err := count(c, "n", defaultReads, maxReads)
	if err != nil {
		return err
	}
	follow, err := flag(c, "follow")
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", lines)
	if follow {
		if err := flush(c.w); err != nil { // a reader that follows is told at once that it may wait
			return nil
		}
	}
	err = s.agent.Reads(c.r.Context(), n, follow, func(r audit.Record) error {
		text, err := encode(r)
		if err != nil {
			return err
		}
		hurry(c.w)
		if _, err := c.w.Write(text); err != nil || !follow {
			return err
		}
		return flush(c.w)
	})
	if err != nil && !follow { // of a follower: too slow, or gone
		return err
	}
	return nil
}

// count reads a number that is not negative; more than most is most.
func count(c call, name string, otherwise, most int) (int, error) {
	q := c.r.URL.Query()
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 {
		return 0, badRequest(name + " is a number, such as 100.")
	}
	return min(n, most), nil
}
