package agent

import (
	"context"
	"fmt"
	"net/http"

	"github.com/authtray/authtray/app/access/audit"
	"github.com/authtray/authtray/app/api"
	"github.com/authtray/authtray/app/tools/proxy"
	"github.com/authtray/authtray/tokens"
)

// Forward implements api.Agent.
func (a *Agent) Forward(w http.ResponseWriter, r *http.Request, name, path string) error {
	file, ok := a.files.get(name)
	if !ok || file.client == nil { // the manager knows why
		_, err := a.manager.Token(r.Context(), name, tokens.Want{})
		return err
	}
	return proxy.Forward(w, r, path, file.client, apiTokens{a, name})
}

// apiTokens are a connection's tokens for requests that carry them to the API.
type apiTokens struct {
	agent *Agent
	name  string
}

// Token is one read in the record, however often the request is sent.
func (t apiTokens) Token(ctx context.Context) (tokens.Token, error) {
	var token tokens.Token
	err := t.agent.admitAPI(ctx, t.name)
	if err == nil {
		token, err = t.agent.manager.Token(ctx, t.name, tokens.Want{})
	}
	t.agent.audit(ctx, t.name, audit.API, err)
	return token, err
}

func (t apiTokens) Rejected(ctx context.Context, accessToken string) (tokens.Token, error) {
	return t.agent.manager.Rejected(ctx, t.name, accessToken)
}

// admitAPI is admit, where the caller may have come over TCP, which does not
// tell who it is.
func (a *Agent) admitAPI(ctx context.Context, name string) error {
	peer, known := api.PeerOf(ctx)
	if file, ok := a.files.get(name); ok && file.conn.Ask && known && peer.PID == 0 {
		return &tokens.Error{Code: tokens.CodeNotAllowed,
			Detail: fmt.Sprintf("%s asks before a new program reads its token (ask = true), and over TCP it is not known which program this is: use the socket.", name)}
	}
	return a.admit(ctx, name)
}
