// A SAML identity provider on npm samlp, for samlp_provider.py. node provider.mjs FOLDER PORT, where FOLDER has idp.key,
// idp.crt, people.json {name: {password, mail, groups}} and, from when the service provider is known, sp.json {consumer,
// audience, certificate, encryption, response, assertion}: the last two say what is signed. No request's signature is
// looked at: samlp does not.
import { createPublicKey } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import express from 'express';
import samlp from 'samlp';

const [folder, port] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
const base = `http://127.0.0.1:${port}`;
const binding = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-';
const escaped = (text) => String(text || '').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const der = (pem) => pem.replace(/-----[^-]+-----|\s/g, '');

class Person {
  constructor(user) { this.user = user; }
  getClaims() { return { uid: this.user.name, mail: this.user.mail, groups: this.user.groups }; }
  getNameIdentifier() {
    return { nameIdentifier: `samlp-${this.user.name}`, nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' };
  }
}
Person.prototype.metadata = [];
const mapper = (user) => new Person(user);
mapper.prototype = Person.prototype;

const options = () => {
  const sp = JSON.parse(read('sp.json'));
  return {
    issuer: `${base}/idp`, cert: read('idp.crt'), key: read('idp.key'), audience: sp.audience, recipient: sp.consumer,
    destination: sp.consumer, getPostURL: (_audience, _request, _query, done) => done(null, sp.consumer), profileMapper: mapper,
    lifetimeInSeconds: 300, signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256', signResponse: sp.response,
    signAssertion: sp.assertion,
    ...(sp.encryption && {
      encryptionCert: sp.certificate, encryptionAlgorithm: sp.encryption,
      encryptionPublicKey: createPublicKey(sp.certificate).export({ type: 'spki', format: 'pem' }),
      disallowEncryptionWithInsecureAlgorithm: !sp.encryption.endsWith('-cbc'),
    }),
  };
};

const app = express();
app.use(express.urlencoded({ extended: false }));
app.get('/metadata', (_request, answer) => answer.type('xml').send(
  `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${base}/idp"><IDPSSODescriptor protocolSupportEnumeration=`
  + '"urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
  + `<X509Certificate>${der(read('idp.crt'))}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
  + ['Redirect', 'POST'].map((name) => `<SingleSignOnService Binding="${binding}${name}" Location="${base}/sso"/>`).join('')
  + '</IDPSSODescriptor></EntityDescriptor>'));
app.all('/sso', (request, answer) => {
  const sent = { ...request.query, ...request.body };
  answer.send('<!doctype html><title>samlp</title><form method="post" action="/login"><input name="username"><input type="password" '
    + `name="password"><input type="hidden" name="SAMLRequest" value="${escaped(sent.SAMLRequest)}"><input type="hidden" name="RelayState" `
    + `value="${escaped(sent.RelayState)}"><button>Sign in</button></form>`);
});
app.post('/login', (request, answer, next) => {
  const user = JSON.parse(read('people.json'))[request.body.username];
  if (user?.password !== request.body.password) return answer.status(403).send('wrong');
  request.user = { name: request.body.username, ...user };
  return samlp.auth(options())(request, answer, next);
});
app.use((error, _request, answer, _next) => answer.status(500).type('text').send(`fault: ${error.stack}`));
app.listen(Number(port), '127.0.0.1');
