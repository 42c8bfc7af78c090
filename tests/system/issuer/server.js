// An OpenID Connect issuer of a company: oidc-provider, with a client for people and one of a program.
// node server.js PORT REDIRECT_URI AUDIENCE
import { Provider } from 'oidc-provider'

const [port, redirect, audience] = process.argv.slice(2)
const url = `http://127.0.0.1:${port}`

const groups = { ann: ['data-team', 'others'], eve: [] }

const provider = new Provider(url, {
  clients: [
    {
      client_id: 'fairlead',
      client_secret: 'a-secret-of-the-issuer',
      redirect_uris: [redirect],
      post_logout_redirect_uris: [redirect.replace('/callback', '')],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
    {
      client_id: 'job-1',
      client_secret: 'a-secret-of-the-job',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    },
  ],
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  scopes: ['openid', 'email', 'profile'],
  claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: id,
      email: `${id}@example.com`,
      email_verified: true,
      groups: groups[id] ?? [],
    }),
  }),
  features: {
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: 'events',
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
      useGrantedResource: () => false,
    },
  },
})

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
