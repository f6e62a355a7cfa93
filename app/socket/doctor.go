package socket

// Check is one line of the doctor's report.
type Check struct {
	ID     string `json:"id"`     // what was looked at: keychain, bus, "provider work"
	OK     bool   `json:"ok"`     // nothing is to be mended
	Detail string `json:"detail"` // one sentence for people
	Hint   string `json:"hint"`   // the command that mends it; "" with OK
}

func (s *Server) doctor(c call) error {
	return answer(c.w, map[string]any{"checks": s.agent.Doctor(c.r.Context())})
}
