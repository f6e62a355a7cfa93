package app

import (
	"context"

	"github.com/authtray/authtray/app/socket"
)

// Doctor implements socket.Agent.
func (a *Agent) Doctor(context.Context) []socket.Check { return []socket.Check{} }
