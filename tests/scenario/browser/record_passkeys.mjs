// Records what Chromium's virtual authenticators give back, for the unit tests: node record_passkeys.mjs > ../../data/webauthn/chromium.json
// One JSON array: {name, algorithm, registration: {challenge, credential}, assertions: [{challenge, credential}], user_handle}.
// Nothing is served: the page of https://gate.localhost:8443 is made up by the browser's own driver.
import { chromium } from 'playwright-core';
import { quiet } from './watch.mjs';

const origin = 'https://gate.localhost:8443';
const devices = [
  { name: 'platform ES256', algorithm: -7, device: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } },
  { name: 'platform EdDSA', algorithm: -8, device: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } },
  { name: 'platform RS256', algorithm: -257, device: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } },
  { name: 'backed up', algorithm: -7, device: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, defaultBackupEligibility: true, defaultBackupState: true } },
  { name: 'security key', algorithm: -7, device: { protocol: 'ctap2', transport: 'usb', hasResidentKey: false, hasUserVerification: false } },
  { name: 'U2F', algorithm: -7, device: { protocol: 'u2f', transport: 'usb', hasResidentKey: false, hasUserVerification: false } },
  { name: 'with a statement', algorithm: -7, attestation: 'direct', device: { protocol: 'ctap2', transport: 'usb', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: quiet });
const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>gate</title>' }));
await page.goto(origin + '/');
const cdp = await page.context().newCDPSession(page);
await cdp.send('WebAuthn.enable', { enableUI: false });

const out = [];
for (const { name, algorithm, attestation = 'none', device } of devices) {
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { ...device, automaticPresenceSimulation: true } });
  out.push({ name, algorithm, ...await page.evaluate(async ({ algorithm, attestation }) => {
    const random = () => crypto.getRandomValues(new Uint8Array(32));
    const text = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const user = random(), challenge = random();
    const made = await navigator.credentials.create({ publicKey: { rp: { name: 'gate' }, user: { id: user, name: 'ann', displayName: 'ann' }, challenge,
      pubKeyCredParams: [{ type: 'public-key', alg: algorithm }], attestation, extensions: { credProps: true },
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' } } });
    const assertions = [];
    for (let i = 0; i < 2; ++i) {
      const asked = random();
      const got = await navigator.credentials.get({ publicKey: { challenge: asked, userVerification: 'preferred', allowCredentials: [{ type: 'public-key', id: made.rawId }] } });
      assertions.push({ challenge: text(asked), credential: got.toJSON() });
    }
    return { user_handle: text(user), registration: { challenge: text(challenge), credential: made.toJSON() }, assertions };
  }, { algorithm, attestation }) });
  await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
}
await browser.close();
console.log(JSON.stringify(out, null, 1));
