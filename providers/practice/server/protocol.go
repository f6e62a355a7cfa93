package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// protocol is pkg/op's server with the few answers changed that are not what
// this provider promises. Each method says which.
type protocol struct {
	*op.LegacyServer
	s *Server
}

var endpoints = op.Endpoints{
	Authorization:       op.NewEndpoint("/authorize"),
	Token:               op.NewEndpoint("/token"),
	Introspection:       op.NewEndpoint("/introspect"),
	Userinfo:            op.NewEndpoint("/userinfo"),
	Revocation:          op.NewEndpoint("/revoke"),
	JwksURI:             op.NewEndpoint("/keys"),
	DeviceAuthorization: op.NewEndpoint("/device_authorization"),
}

func (s *Server) newProtocol() (http.Handler, error) {
	// pkg/op's own choice also opens what was sealed without authentication, so
	// that one refresh token in eleven is taken for an access token when it is
	// revoked under the wrong hint.
	s.crypto = op.NewAES256GCMCrypto(s.keys.seal, "")
	provider, err := op.NewProvider(&op.Config{
		CodeMethodS256:        true,
		AuthMethodPost:        true,
		GrantTypeRefreshToken: true,
		SupportedScopes:       scopesSupported,
		DeviceAuthorization: op.DeviceAuthorizationConfig{
			Lifetime:     deviceLifetime,
			PollInterval: s.opts.DeviceInterval,
			UserFormPath: "/device",
			UserCode:     op.UserCodeBase20,
		},
	}, storage{s}, op.StaticIssuer(s.opts.Issuer), op.WithAllowInsecure(), op.WithCrypto(s.crypto))
	if err != nil {
		return nil, err
	}
	p := &protocol{LegacyServer: op.NewLegacyServer(provider, endpoints), s: s}
	s.verifyClient = p.VerifyClient
	s.callbackURL = p.AuthCallbackURL()
	return op.RegisterLegacyServer(p, op.AuthorizeCallbackHandler(provider)), nil
}

// metadata is RFC 8414's document, with the members that pkg/op lacks.
type metadata struct {
	*oidc.DiscoveryConfiguration
	IssParameter bool   `json:"authorization_response_iss_parameter_supported"`
	PAR          string `json:"pushed_authorization_request_endpoint"`
	PARRequired  bool   `json:"require_pushed_authorization_requests"`
}

// Discovery tells what is really there: pkg/op's document also lists the
// implicit flow and JWT assertions.
func (p *protocol) Discovery(ctx context.Context, r *op.Request[struct{}]) (*op.Response, error) {
	out, err := p.LegacyServer.Discovery(ctx, r)
	if err != nil {
		return nil, err
	}
	c := out.Data.(*oidc.DiscoveryConfiguration)
	c.ResponseTypesSupported = []string{"code"}
	c.GrantTypesSupported = client{}.GrantTypes()
	c.RegistrationEndpoint = p.s.opts.Issuer + "/register"
	out.Data = metadata{
		DiscoveryConfiguration: c,
		IssParameter:           true,
		PAR:                    p.s.opts.Issuer + "/par",
		PARRequired:            p.s.opts.RequirePAR,
	}
	return out, nil
}

// VerifyClient answers 401 for a client that is not who it says (RFC 6749
// §5.2), where pkg/op answers 400.
func (p *protocol) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	c, err := p.LegacyServer.VerifyClient(ctx, r)
	if err != nil {
		return nil, op.AsStatusError(err, http.StatusUnauthorized)
	}
	return c, nil
}

// Authorize refuses unknown scopes, which pkg/op drops silently, plain PKCE,
// and a public client without PKCE.
func (p *protocol) Authorize(ctx context.Context, r *op.ClientRequest[oidc.AuthRequest]) (*op.Redirect, error) {
	if err := checkAuthorize(r); err != nil {
		return nil, err
	}
	return p.LegacyServer.Authorize(withResource(ctx, r.Form.Get("resource")), r)
}

func checkAuthorize(r *op.ClientRequest[oidc.AuthRequest]) error {
	for _, scope := range strings.Fields(r.Form.Get("scope")) {
		if !slices.Contains(scopesSupported, scope) {
			return oidc.ErrInvalidScope().WithDescription("unknown scope")
		}
	}
	public := r.Client.AuthMethod() == oidc.AuthMethodNone
	switch {
	case public && r.Data.CodeChallenge == "":
		return oidc.ErrInvalidRequest().WithDescription("code_challenge required")
	case r.Data.CodeChallenge != "" && r.Data.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return oidc.ErrInvalidRequest().WithDescription("code_challenge_method must be S256")
	case slices.Contains(r.Data.Prompt, oidc.PromptNone):
		return oidc.ErrInteractionRequired().WithDescription("consent is always asked for")
	}
	return nil
}

// CodeExchange makes expires_in exact.
func (p *protocol) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	out, err := p.LegacyServer.CodeExchange(withResource(ctx, r.Form.Get("resource")), r)
	return p.exact(out, err)
}

// RefreshToken makes expires_in exact.
func (p *protocol) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	out, err := p.LegacyServer.RefreshToken(withResource(ctx, r.Form.Get("resource")), r)
	return p.exact(out, err)
}

// DeviceToken makes expires_in exact and answers invalid_grant for a device
// code that was never given or was used, where pkg/op says access_denied.
func (p *protocol) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	if !p.s.devices.isPending(r.Client.GetID(), r.Data.DeviceCode) {
		return nil, oidc.ErrInvalidGrant().WithDescription("unknown device code")
	}
	out, err := p.LegacyServer.DeviceToken(withResource(ctx, r.Form.Get("resource")), r)
	return p.exact(out, err)
}

// exact puts into expires_in what the access token was given: pkg/op counts
// from a later moment, rounds down, and knows no injected clock. An ID token
// without the openid scope is taken out.
func (p *protocol) exact(out *op.Response, err error) (*op.Response, error) {
	if err != nil {
		return nil, err
	}
	answer := out.Data.(*oidc.AccessTokenResponse)
	a, _, err := p.s.tokenOf(answer.AccessToken)
	if err != nil {
		return nil, oidc.ErrInvalidGrant().WithDescription("%s", err)
	}
	answer.ExpiresIn = uint64(a.Lifetime / time.Second)
	if !slices.Contains(a.Scopes, oidc.ScopeOpenID) {
		answer.IDToken = ""
	}
	return out, nil
}
