package socket

import (
	"encoding/json"
	"strings"

	"github.com/authtray/authtray/providers"
)

func (s *Server) list(c call) error {
	all := s.agent.Connections()
	if all == nil {
		all = []Connection{}
	}
	return answer(c.w, map[string]any{"connections": all})
}

func (s *Server) show(c call) error {
	found, err := s.agent.Connection(c.name)
	if err != nil {
		return err
	}
	return answer(c.w, found)
}

func (s *Server) put(c call) error {
	var conn providers.Connection
	if err := decode(c.r, &conn, false); err != nil {
		return err
	}
	if conn.Name != "" && conn.Name != c.name {
		return badRequest("The name in the body is not the one in the address.")
	}
	conn.Name = c.name
	conn.Override, _ = numbers(conn.Override).(map[string]any)
	now, err := s.agent.Put(c.r.Context(), c.name, conn)
	if err != nil {
		return err
	}
	return answer(c.w, now)
}

// numbers turns JSON's numbers into the two kinds that TOML knows.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = numbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	}
	return v
}

func (s *Server) remove(c call) error {
	removed, err := s.agent.Delete(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	return answer(c.w, removed)
}

func (s *Server) secret(c call) error {
	var in Secret
	if err := decode(c.r, &in, false); err != nil {
		return err
	}
	secret := strings.TrimSpace(in.ClientSecret)
	if secret == "" {
		return badRequest("The client secret is empty.")
	}
	if err := s.agent.SetSecret(c.r.Context(), c.name, secret); err != nil {
		return err
	}
	return done(c.w)
}

func (s *Server) disconnect(c call) error {
	removed, err := s.agent.Disconnect(c.r.Context(), c.name)
	if err != nil {
		return err
	}
	return answer(c.w, removed)
}
