// An MCP server of the npm package fastmcp with its own OAuth proxy in front of
// another provider, as its README has it.
const { FastMCP, OAuthProvider, getAuthSession, requireAuth } = await import(
  process.env.MCP_CLIENTS + "/node_modules/fastmcp/dist/FastMCP.js"
);

const server = new FastMCP({
  auth: new OAuthProvider({
    authorizationEndpoint: process.env.ISSUER + "/authorize",
    baseUrl: "http://localhost:" + process.env.MCP_PORT,
    clientId: "fastmcp",
    clientSecret: "fastmcp-secret",
    scopes: ["openid", "offline_access"],
    tokenEndpoint: process.env.ISSUER + "/token",
  }),
  name: "fast",
  version: "1.0.0",
});

server.addTool({
  canAccess: requireAuth,
  description: "whose token this is",
  execute: async (_args, { session }) => {
    const { accessToken } = getAuthSession(session);
    const answer = await fetch(process.env.ISSUER + "/api/whoami", {
      headers: { Authorization: "Bearer " + accessToken },
    });
    return (await answer.json()).name;
  },
  name: "who",
});

await server.start({
  httpStream: { host: "127.0.0.1", port: Number(process.env.MCP_PORT) },
  transportType: "httpStream",
});
