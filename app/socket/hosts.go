package socket

// HostMatch is the connection that answers for a host.
type HostMatch struct {
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Account  string `json:"account,omitempty"` // hostile text
}

func (s *Server) host(c call) error {
	q := c.r.URL.Query()
	found, err := s.agent.Host(c.name, q.Get("path"), q.Get("user"))
	if err != nil {
		return err
	}
	return answer(c.w, found)
}
