package server

import (
	"context"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// storage answers pkg/op's questions from the Server's books. The promises of
// each method are op.Storage's.
type storage struct{ s *Server }

var (
	_ op.Storage                    = storage{}
	_ op.DeviceAuthorizationStorage = storage{}
)

type resourceKey struct{}

// withResource carries an RFC 8707 resource past pkg/op, which does not know it.
func withResource(ctx context.Context, resource string) context.Context {
	return context.WithValue(ctx, resourceKey{}, resource)
}

func resourceFrom(ctx context.Context) string {
	r, _ := ctx.Value(resourceKey{}).(string)
	return r
}

func (st storage) CreateAuthRequest(ctx context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	return st.s.requests.add(r, resourceFrom(ctx), st.s.sessions.count()), nil
}

func (st storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return st.s.requests.get(id)
}

func (st storage) AuthRequestByCode(_ context.Context, value string) (op.AuthRequest, error) {
	r, spent, err := st.s.requests.byCode(value)
	if spent != "" {
		st.s.ledger.endWhere("its code was used twice", func(g grant) bool { return g.ID == spent })
	}
	return r, err
}

func (st storage) SaveAuthCode(_ context.Context, id, value string) error {
	st.s.requests.saveCode(id, value)
	return nil
}

func (st storage) DeleteAuthRequest(_ context.Context, id string) error {
	st.s.requests.remove(id)
	return nil
}

func (st storage) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	out, err := st.begin(ctx, r, false)
	return out.access, out.expires, err
}

func (st storage) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	if current == "" {
		out, err := st.begin(ctx, r, true)
		return out.access, out.refresh, out.expires, err
	}
	out, err := st.s.ledger.renew(current, r.GetScopes(), resourceFrom(ctx))
	if err != nil {
		return "", "", time.Time{}, oidc.ErrInvalidGrant().WithDescription("%s", err)
	}
	return out.access, out.refresh, out.expires, nil
}

// begin opens a grant for an approved authorization request or device.
func (st storage) begin(ctx context.Context, r op.TokenRequest, refreshable bool) (issued, error) {
	switch r := r.(type) {
	case authRequest:
		if !st.s.requests.consume(r.id) {
			return issued{}, oidc.ErrInvalidGrant().WithDescription("%s", errNoCode)
		}
		out := st.s.ledger.addGrant(r.user, r.ClientID, r.Scopes, firstOf(resourceFrom(ctx), r.resource), refreshable)
		st.s.requests.exchanged(r.id, out.grant)
		return out, nil
	case *op.DeviceAuthorizationState:
		return st.s.ledger.addGrant(r.Subject, r.ClientID, r.Scopes, resourceFrom(ctx), refreshable), nil
	}
	return issued{}, oidc.ErrUnsupportedGrantType()
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (st storage) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	g, err := st.s.ledger.check(token)
	if err != nil {
		return nil, err
	}
	return &renewal{grant: g, scopes: g.Scopes}, nil
}

// renewal is a grant about to be renewed, perhaps with fewer scopes.
type renewal struct {
	grant
	scopes []string
}

func (r *renewal) GetAMR() []string             { return []string{"user"} }
func (r *renewal) GetAudience() []string        { return []string{r.Client} }
func (r *renewal) GetAuthTime() time.Time       { return r.Created }
func (r *renewal) GetClientID() string          { return r.Client }
func (r *renewal) GetScopes() []string          { return r.scopes }
func (r *renewal) GetSubject() string           { return r.User }
func (r *renewal) SetCurrentScopes(to []string) { r.scopes = to }

func (st storage) TerminateSession(context.Context, string, string) error { return nil }

// refreshMark tells a grant's id from an access token's in RevokeToken.
const refreshMark = "grant:"

func (st storage) GetRefreshTokenInfo(_ context.Context, _, token string) (string, string, error) {
	g, ok := st.s.ledger.family(token)
	if !ok {
		return "", "", op.ErrInvalidRefreshToken
	}
	return g.User, refreshMark + g.ID, nil
}

func (st storage) RevokeToken(_ context.Context, token, _, clientID string) *oidc.Error {
	return st.s.revokeToken(token, clientID)
}

func (st storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := st.s.client(id)
	if !ok {
		return nil, oidc.ErrInvalidClient().WithDescription("unknown client")
	}
	return client{c}, nil
}

func (st storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if c, ok := st.s.client(id); ok && (client{c}).secretIs(secret) {
		return nil
	}
	return errors.New("unknown client or wrong secret")
}

// SetUserinfoFromScopes fills ID tokens.
func (st storage) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, userID, _ string, scopes []string) error {
	describe(info, userID, scopes)
	return nil
}

func (st storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, _, _ string) error {
	a, g, err := st.s.ledger.token(tokenID)
	if err != nil {
		return err
	}
	describe(info, g.User, a.Scopes)
	return nil
}

func describe(info *oidc.UserInfo, userID string, scopes []string) {
	u, _ := findUser(userID)
	info.Subject = userID
	for _, s := range scopes {
		switch s {
		case oidc.ScopeProfile:
			info.Name, info.GivenName, info.FamilyName, info.PreferredUsername = u.Name, u.Given, u.Family, u.ID
		case oidc.ScopeEmail:
			info.Email, info.EmailVerified = u.Email, true
		}
	}
}

func (st storage) SetIntrospectionFromToken(_ context.Context, info *oidc.IntrospectionResponse, tokenID, _, _ string) error {
	a, g, err := st.s.ledger.token(tokenID)
	if err != nil {
		return err
	}
	info.Scope, info.ClientID, info.Subject, info.Username = a.Scopes, g.Client, g.User, g.User
	info.TokenType, info.Issuer = oidc.BearerToken, st.s.opts.Issuer
	if !a.Expires.IsZero() {
		info.Expiration = oidc.FromTime(a.Expires)
	}
	return nil
}

func (st storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

var errNoAssertions = errors.New("client assertions are not supported")

func (st storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNoAssertions
}

func (st storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNoAssertions
}

func (st storage) SigningKey(context.Context) (op.SigningKey, error) { return st.s.keys, nil }

func (st storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (st storage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{st.s.keys}}, nil
}

func (st storage) Health(context.Context) error { return nil }

func (st storage) StoreDeviceAuthorization(ctx context.Context, clientID, deviceCode, userCode string, _ time.Time, scopes []string) error {
	return st.s.devices.add(clientID, deviceCode, userCode, scopes)
}

func (st storage) GetDeviceAuthorizatonState(_ context.Context, clientID, deviceCode string) (*op.DeviceAuthorizationState, error) {
	return st.s.devices.poll(clientID, deviceCode)
}
