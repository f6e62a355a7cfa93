package agent

import (
	"context"
	"log/slog"
	"strings"
)

// withoutPanicValues is log without what a panic in a request says. net/http
// logs that text, and it may be made of anything that was at hand: an error with
// an answer in it, say. The stack, which holds addresses and lengths, stays, and
// so do the sentences of the runtime itself, which name types and numbers only.
//
// This is for panics that cost one request. One that ends the process is printed
// by the runtime, which nobody can keep from it: so nothing of ours panics with a
// text that came from elsewhere.
func withoutPanicValues(log *slog.Logger) *slog.Logger {
	return slog.New(panicValues{log.Handler()})
}

type panicValues struct{ slog.Handler }

func (h panicValues) Handle(ctx context.Context, r slog.Record) error {
	r.Message = withoutPanicValue(r.Message)
	return h.Handler.Handle(ctx, r)
}

func (h panicValues) WithAttrs(attrs []slog.Attr) slog.Handler {
	return panicValues{h.Handler.WithAttrs(attrs)}
}

func (h panicValues) WithGroup(name string) slog.Handler {
	return panicValues{h.Handler.WithGroup(name)}
}

// withoutPanicValue shortens net/http's "http: panic serving ADDRESS: VALUE" and
// the stack after it. Where VALUE has the look of a stack, its rest goes as well:
// the stack is what comes last.
func withoutPanicValue(message string) string {
	said, isPanic := strings.CutPrefix(message, "http: panic serving ")
	if !isPanic {
		return message
	}
	stack := ""
	if at := strings.LastIndex(said, "\ngoroutine "); at >= 0 {
		said, stack = said[:at], said[at:]
	}
	_, value, _ := strings.Cut(said, ": ")
	for _, runtimes := range []string{"runtime error: ", "assignment to entry in nil map", "interface conversion: "} {
		if strings.HasPrefix(value, runtimes) && !strings.Contains(value, "\n") {
			return message
		}
	}
	return "panic serving a request; what it says may hold a secret, and is left out" + stack
}
