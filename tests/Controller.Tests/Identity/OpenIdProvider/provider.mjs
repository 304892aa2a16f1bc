// A real OpenID provider on a free loopback port: oidc-provider, with its own login and consent pages.
// usage: node provider.mjs REDIRECT_URI...; prints its issuer on one line, and ends with its standard input.
import http from 'node:http';
import Provider from 'oidc-provider';

const redirectUris = process.argv.slice(2);
const server = http.createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id: 'appliance', client_secret: 'client+secret/1', redirect_uris: redirectUris }],
  scopes: ['openid', 'email', 'profile'],
  claims: { openid: ['sub'], email: ['email'], profile: ['preferred_username', 'groups'] },
  pkce: { required: () => true, methods: ['S256'] },
  cookies: { keys: ['for tests only'] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, preferred_username: sub, email: `${sub}@corp.example`, groups: ['bakers', 'unknown'] }),
  }),
});
server.on('request', provider.callback());
process.stdin.resume().on('end', () => process.exit());
console.log(issuer);
