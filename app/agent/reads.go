package agent

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/access/gate"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/tokens"
)

// admit is nil where the caller may read the connection's token. It asks the
// user where the connection's file says so; a click in the tray, which comes
// from no other process, is an answer already.
func (a *Agent) admit(ctx context.Context, name string) error {
	file, ok := a.files.get(name)
	if !ok || !file.conn.Ask {
		return nil
	}
	peer, ok := api.PeerOf(ctx)
	if !ok {
		return nil
	}
	return a.opts.Gate.Admit(ctx, name, peer)
}

// audit records that a token was asked for. what is one of audit's words. Only
// names of connections are recorded: what stands in a name's place by mistake
// may be a token.
func (a *Agent) audit(ctx context.Context, name, what string, err error) {
	if a.opts.Audit != nil && readCode(err) != string(tokens.CodeUnknownConnection) {
		peer, _ := api.PeerOf(ctx)
		a.opts.Audit.Read(peer, name, what, err)
	}
}

// Reads implements api.Agent. An agent that records nothing tells what was
// recorded before.
func (a *Agent) Reads(ctx context.Context, n int, follow bool, each func(audit.Record) error) error {
	if a.opts.Audit != nil {
		return a.opts.Audit.Follow(ctx, n, follow, each)
	}
	last, err := audit.Tail(a.opts.Paths.State, n)
	for i := 0; i < len(last) && err == nil; i++ {
		err = each(last[i])
	}
	return err
}

// auditor is an audit.Log as the agent uses it.
type auditor struct{ *audit.Log }

// Read takes what the kernel said of the caller; a caller that is none is this
// process, where the user clicked.
func (l auditor) Read(peer api.Peer, connection, what string, err error) {
	if peer == (api.Peer{}) {
		peer.PID, peer.UID = os.Getpid(), os.Getuid()
		peer.Exe, _ = os.Executable()
	}
	r := audit.Record{Time: time.Now(), Connection: connection, PID: peer.PID, UID: peer.UID, Exe: peer.Exe, What: what, Code: readCode(err)}
	if pid, exe, ok := gate.Parent(peer); ok {
		r.ParentPID, r.ParentExe = pid, exe
	}
	l.Add(r)
}

// readCode is why no token was given, in the words of the socket.
func readCode(err error) string {
	var e *tokens.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return string(e.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return string(tokens.CodeTimeout)
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return string(codeFailed)
}
