// An OpenID Connect server of node's oidc-provider, as it comes: public and native
// clients, rotating refresh tokens, revocation, the device flow and registration.
// node provider.mjs PORT; POST /forget ends every grant.
import Provider from 'oidc-provider';

const port = process.argv[2];
const users = { sub: 'ada', email: 'ada@example.org', preferred_username: 'ada' };
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'authtray',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }],
  claims: { openid: ['sub'], email: ['email'], profile: ['preferred_username'] },
  features: {
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: true },
    devInteractions: { enabled: true },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ ...users, sub: id }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, RefreshToken: 86400 },
});
const grants = new Set();
provider.on('grant.success', (ctx) => grants.add(ctx.oidc.entities.Grant?.jti ?? ctx.oidc.entities.AccessToken?.grantId));
provider.use(async (ctx, next) => {
  if (ctx.path !== '/forget') return next();
  for (const id of grants) {
    await provider.RefreshToken.adapter.revokeByGrantId(id);
    await provider.AccessToken.adapter.revokeByGrantId(id);
  }
  ctx.body = 'done';
});
provider.listen(port, '127.0.0.1', () => console.log('listening'));
