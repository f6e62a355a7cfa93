package socket

import (
	"context"

	"github.com/authtray/authtray/tokens"
)

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
	ctx, cancel := context.WithTimeout(c.r.Context(), d)
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
	d, err := timeout(c.r.URL.Query())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), d)
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
