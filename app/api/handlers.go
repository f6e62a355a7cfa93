package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/authtray/authtray/providers/catalog"
	"github.com/authtray/authtray/providers/text"
	"github.com/authtray/authtray/tokens"
)

func (s *Server) list(c call) error {
	all := s.agent.Connections()
	if all == nil {
		all = []Connection{}
	}
	if wantsText(c.r.Header.Get("Accept")) {
		sendText(c, StatusText(all, s.agent.Health().Notes, time.Now()))
		return nil
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
	var conn catalog.Connection
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
	if in.Like != "" && secret == "" {
		if err := s.agent.CopySecret(c.r.Context(), c.name, in.Like); err != nil {
			return err
		}
		return done(c.w)
	}
	if secret == "" || in.Like != "" {
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

func (s *Server) token(c call) error {
	query := c.r.URL.Query()
	w, err := want(query)
	if err != nil {
		return err
	}
	d, err := timeout(query)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(withUse(c.r.Context(), query), d)
	defer cancel()
	t, err := s.agent.Token(ctx, c.name, w)
	if err != nil {
		return err
	}
	return sendToken(c, t)
}

func (s *Server) rejected(c call) error {
	var in Rejected
	if err := decode(c.r, &in, false); err != nil {
		return err
	}
	if in.AccessToken == "" {
		return badRequest("access_token is the token that was rejected.")
	}
	query := c.r.URL.Query()
	d, err := timeout(query)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(withUse(c.r.Context(), query), d)
	defer cancel()
	t, err := s.agent.Rejected(ctx, c.name, in.AccessToken)
	if err != nil {
		return err
	}
	return sendToken(c, t)
}

func (s *Server) refresh(c call) error {
	ctx, cancel := context.WithTimeout(c.r.Context(), 2*tokens.DefaultTimeout)
	defer cancel()
	now, err := s.agent.Refresh(ctx, c.name)
	if err != nil {
		return err
	}
	return answer(c.w, now)
}

func (s *Server) providers(c call) error {
	if host := c.r.URL.Query().Get("for"); host != "" {
		guesses, err := s.agent.ForHost(host)
		if err != nil {
			return badRequest(text.Capitalize(err.Error()) + ".")
		}
		return answer(c.w, map[string]any{"guesses": append([]catalog.Connection{}, guesses...)})
	}
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

func (s *Server) unlock(c call) error {
	if err := s.agent.Unlock(c.r.Context()); err != nil {
		return err
	}
	return done(c.w)
}

// quit ends the agent, and where one takes over from it, gives that one its sockets.
func (s *Server) quit(c call) error {
	handOver, err := flag(c, "hand_over")
	switch {
	case err != nil:
		return err
	case handOver:
		return s.handOver(c)
	}
	return s.end(c)
}

// end answers before the agent ends, or the caller would never know.
func (s *Server) end(c call) error {
	err := done(c.w)
	_ = http.NewResponseController(c.w).Flush()
	s.agent.Quit()
	return err
}

// Check is one line of the doctor's report.
type Check struct {
	ID     string `json:"id"`     // what was looked at: keychain, bus, "provider work"
	OK     bool   `json:"ok"`     // nothing is to be fixed
	Detail string `json:"detail"` // one sentence for people
	Hint   string `json:"hint"`   // the command that fixes it; "" with OK
}

func (s *Server) doctor(c call) error {
	return answer(c.w, map[string]any{"checks": s.agent.Doctor(c.r.Context())})
}

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

// api streams, so no deadline of this server's holds for it but those that the
// agent sets.
func (s *Server) api(w http.ResponseWriter, r *http.Request, name, path string) {
	err := errRemote
	if s.allowed == nil || s.allowed(name) {
		err = s.agent.Forward(w, r, name, path)
	}
	if err != nil {
		s.fail(w, s.suggest(err, name))
	}
}
