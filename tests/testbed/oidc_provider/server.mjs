// An OpenID provider of the scenarios' own, on npm oidc-provider: PKCE demanded, consent given by itself, back-channel
// and RP-initiated logout, keys of every kind that can be rotated. Configured by the environment (oidc_provider.py):
//   OP_PORT, OP_KEY, OP_CERT   https on 127.0.0.1
//   OP_CLIENTS                 JSON: clients as oidc-provider takes them
//   OP_USERS                   JSON: name to {password, sub, claims}
//   OP_CA                      PEM file: whom it believes when it posts logout tokens
// POST /control/rotate: new keys, the old ones gone.  GET /control/asked: {path: how often}.
import crypto from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import {Provider} from 'oidc-provider'

const {OP_PORT: port, OP_KEY, OP_CERT, OP_CA} = process.env
const issuer = `https://localhost:${port}`
const users = JSON.parse(process.env.OP_USERS)
const bySub = Object.fromEntries(Object.values(users).map(user => [user.sub, user]))
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']

let generation = 0
function keys() {
  ++generation
  const one = (type, options, more) => ({
    ...crypto.generateKeyPairSync(type, options).privateKey.export({format: 'jwk'}), use: 'sig', ...more})
  return [one('rsa', {modulusLength: 2048}, {kid: `rsa-${generation}`}),
    one('ec', {namedCurve: 'P-256'}, {kid: `ec-${generation}`, alg: 'ES256'}),
    one('ed25519', {}, {kid: `ed-${generation}`, alg: 'EdDSA'})]
}

// *.localhost is this machine, whatever the resolver thinks of it.
function post(url, options = {}) {
  return new Promise((resolve, reject) => {
    const {hostname, port: to, pathname, search} = new URL(url)
    const request = https.request({
      host: '127.0.0.1', servername: hostname, port: to, path: pathname + search, method: options.method || 'GET',
      headers: {host: `${hostname}:${to}`, ...Object.fromEntries(new Headers(options.headers))},
      ca: OP_CA ? fs.readFileSync(OP_CA) : undefined,
    }, answer => {
      const parts = []
      answer.on('data', part => parts.push(part))
      answer.on('end', () => {
        console.log(`logout token: ${answer.statusCode}`)
        resolve(new Response(answer.statusCode === 204 ? null : Buffer.concat(parts), {status: answer.statusCode}))
      })
    })
    request.on('error', error => { console.log(`logout token: ${error.message}`); reject(error) })
    request.end(options.body ? String(options.body) : undefined)
  })
}

function configuration() {
  return {
    clients: JSON.parse(process.env.OP_CLIENTS),
    jwks: {keys: keys()},
    claims: {openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'],
      groups: ['groups', 'realm_access'], acr: null, auth_time: null, sid: null},
    scopes: ['openid', 'email', 'profile', 'groups'],
    conformIdTokenClaims: false,  // all claims of the scopes stand in the ID token
    acrValues: ['urn:test:password', 'urn:test:key'],
    pkce: {required: () => true},
    enabledJWA: {idTokenSigningAlgValues: ALGORITHMS},
    cookies: {keys: ['a key of the scenarios']},
    features: {
      devInteractions: {enabled: false},
      backchannelLogout: {enabled: true},
      rpInitiatedLogout: {enabled: true, logoutSource: (ctx, form) => {
        ctx.body = `<!doctype html><link rel=icon href='data:,'><title>Sign out</title>${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">yes</button>`
      }},
    },
    fetch: post,
    findAccount: (ctx, sub) => bySub[sub] && {accountId: sub, claims: () => ({sub, ...bySub[sub].claims})},
    interactions: {url: (ctx, interaction) => `/interaction/${interaction.uid}`},
    ttl: {AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Session: 3600, Interaction: 600, Grant: 3600},
  }
}

let provider, answer
function rotate() {
  provider = new Provider(issuer, configuration())  // what was given out is in a store that all instances share
  provider.on('server_error', (ctx, error) => console.log('error', error))
  answer = provider.callback()
}
rotate()

const asked = {}
const form = request => new Promise(resolve => {
  let text = ''
  request.on('data', part => { text += part })
  request.on('end', () => resolve(new URLSearchParams(text)))
})

async function interaction(request, response, details) {
  if (details.prompt.name === 'consent') {
    const grant = details.grantId ? await provider.Grant.find(details.grantId)
      : new provider.Grant({accountId: details.session.accountId, clientId: details.params.client_id})
    const {missingOIDCScope, missingOIDCClaims} = details.prompt.details
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims)
    return provider.interactionFinished(request, response, {consent: {grantId: await grant.save()}},
      {mergeWithLastSubmission: true})
  }
  if (request.method === 'GET') {
    response.setHeader('content-type', 'text/html')
    return response.end(`<!doctype html><link rel=icon href='data:,'><title>Provider</title><form method="post" action="/interaction/${details.uid}/login">
<label>User <input name="username" value="${(details.params.login_hint || '').replace(/[^\w@.-]/g, '')}"></label>
<label>Password <input type="password" name="password"></label><button>Sign in</button></form>`)
  }
  const fields = await form(request)
  const user = users[fields.get('username')]
  if (fields.get('refuse')) return provider.interactionFinished(request, response, {error: 'access_denied'})
  if (!user || user.password !== fields.get('password')) {
    response.statusCode = 401
    return response.end('not that')
  }
  return provider.interactionFinished(request, response,
    {login: {accountId: user.sub, acr: user.acr || 'urn:test:password', amr: ['pwd']}}, {mergeWithLastSubmission: false})
}

https.createServer({key: fs.readFileSync(OP_KEY), cert: fs.readFileSync(OP_CERT)}, async (request, response) => {
  const path = request.url.split('?')[0]
  asked[path] = (asked[path] || 0) + 1
  try {
    if (path === '/control/rotate') {
      rotate()
      return response.end('rotated')
    }
    if (path === '/control/asked') return response.end(JSON.stringify(asked))
    if (!/^\/interaction\/[\w-]+(\/login)?$/.test(path)) return answer(request, response)
    return await interaction(request, response, await provider.interactionDetails(request, response))
  } catch (error) {
    response.statusCode = 500
    return response.end(`error ${error.message}`)
  }
}).listen(+port, '127.0.0.1', () => console.log(`ready ${issuer}`))
