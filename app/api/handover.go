package api

import (
	"context"
	"log/slog"
	"net"
)

// One agent takes over from another (`authtray run --replace`): the old one is asked to
// end by POST /v1/quit?hand_over=true, and its answer brings the sockets that it
// listens on. They never stop listening, so a client that comes in between waits in
// their queue, whatever program it is. The old agent answers what it has taken up, and
// ends; the new one then goes on accepting. A pipe of Windows cannot be handed over.

// Sockets are those that the agent before handed over, by address.
type Sockets map[string]net.Listener

// Listen is the function Listen, on the socket that was handed over where there is
// one for the address.
func (s Sockets) Listen(address string, log *slog.Logger) (net.Listener, error) {
	l, ok := s[address]
	if !ok {
		return Listen(address, log)
	}
	delete(s, address)
	claim(l)
	return newListener(l, log), nil
}

// Close closes those that nobody has listened on.
func (s Sockets) Close() {
	for address, l := range s {
		l.Close()
		delete(s, address)
	}
}

// HandsOver names the listeners that whoever takes over is given.
func (s *Server) HandsOver(l ...net.Listener) { s.sockets = l }

// HandedOver has a value once another process has the sockets.
func (s *Server) HandedOver() <-chan struct{} { return s.handed }

// Finish takes up no connection at a listener any more, ends streams, and lets the
// other requests that were taken up be answered until ctx ends. http.Server's Shutdown
// would drop who has connected and not been read yet. It follows.
func (s *Server) Finish(ctx context.Context, l net.Listener) {
	s.endStreams()
	s.http.SetKeepAlivesEnabled(false)
	if own, ok := l.(*listener); ok {
		own.drain(ctx)
	}
}

// streaming is the context of a request whose answer has no end of its own.
func (s *Server) streaming(c call) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(c.r.Context())
	stop := context.AfterFunc(s.streams, cancel)
	return ctx, func() { stop(); cancel() }
}
