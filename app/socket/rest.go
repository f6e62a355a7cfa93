package socket

import (
	"net/http"
)

func (s *Server) providers(c call) error {
	return answer(c.w, map[string]any{"providers": s.agent.Providers()})
}

func (s *Server) provider(c call) error {
	p, err := s.agent.Provider(c.name)
	if err != nil {
		return err
	}
	return answer(c.w, p)
}

func (s *Server) settings(c call) error { return answer(c.w, s.agent.Settings()) }

func (s *Server) patchSettings(c call) error {
	var in SettingsPatch
	if err := decode(c.r, &in, false); err != nil {
		return err
	}
	now, err := s.agent.PatchSettings(in)
	if err != nil {
		return err
	}
	return answer(c.w, now)
}

func (s *Server) health(c call) error {
	h := s.agent.Health()
	if h.Notes == nil {
		h.Notes = []string{}
	}
	return answer(c.w, h)
}

func (s *Server) window(c call) error {
	if err := s.agent.OpenWindow(c.r.Context()); err != nil {
		return err
	}
	return done(c.w)
}

// quit answers before the agent ends, or the caller would never know.
func (s *Server) quit(c call) error {
	err := done(c.w)
	_ = http.NewResponseController(c.w).Flush()
	s.agent.Quit()
	return err
}
