// A person with Chromium and an authenticator in it: registers a passkey, signs in with password and passkey, shows it again where a
// fresh factor is asked for, signs in without a password by the button and by the field's suggestions, is refused where the device
// does not verify who it is, and removes it. Another host's page tries to use it.
// node passkeys.mjs, with one JSON object on stdin: {gate, wanted, fresh, fresh_seconds, user, password, mark, secrets: [text], out: folder,
// scheme, width, height, keyboard}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { context, page, steps, faults, look: judged, press, judge } = await watched(task);
const cdp = await context.newCDPSession(page);
await cdp.send('WebAuthn.enable', { enableUI: false });
const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', ctap2Version: 'ctap2_1',
  transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: false } });
const present = (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
const verified = (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
const held = async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials;

// The browser of this test has nobody choose among the suggestions of the user field: a finger is enough, and would be taken for it.
let suggestions = false;
await page.exposeFunction('suggestions_wanted', () => suggestions);
await page.addInitScript(() => { if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = () => window.suggestions_wanted(); });

const button = (words) => page.getByRole('button', { name: words, exact: true });
const look = (name) => judged(name, cdp);
const leave = async () => {
  await present(false);
  await page.goto(task.gate + '/.sallyport/logout');
  await button('Sign out').click();
  await page.waitForLoadState();
};
// Someone whose finger is there for as long as the browser asks.
const touching = async (work) => {
  await present(true);
  await work();
  await present(false);
};
const strength = async () => {
  await page.goto(task.gate + '/.sallyport/account/factors');  // whose policy lets a script ask the gate
  return page.evaluate(async () => (await (await fetch('/api/v1/me')).json()).strength);
};
const at_wanted = async (url) => {
  await page.waitForURL(url);
  if (!(await page.content()).includes(task.mark)) faults.push(`${url} does not show its mark`);
};

await judge(async () => {
  await page.goto(task.gate + '/.sallyport/login');
  await button('Sign in with a passkey').waitFor();
  await look('passkey-sign-in');
  await sign_in(page, task.user, task.password);
  await page.waitForURL(task.gate + '/');
  await page.goto(task.gate + '/.sallyport/account/factors');
  await look('passkey-none');
  await page.locator('#passkey-name').fill("Ann's laptop");
  await touching(async () => {
    await press(button('Add a passkey'));
    await page.getByText('Your recovery codes').waitFor();
  });
  await look('passkey-added');
  const [credential] = await held();
  if (!credential.isResidentCredential || credential.rpId !== new URL(task.gate).hostname) faults.push(`what is held: ${JSON.stringify(credential)}`);
  await page.goto(task.gate + '/.sallyport/account/factors');
  await look('passkey-listed');
  // The same device once more: the browser knows that it is registered.
  await touching(async () => {
    await press(button('Add a passkey'));
    await page.getByText('holds a passkey of yours already').waitFor();
  });

  // Password, then passkey.
  await leave();
  await page.goto(task.wanted);
  await sign_in(page, task.user, task.password);
  await page.waitForURL('**/.sallyport/mfa?flow=*');
  await button('Use your passkey').waitFor();
  await look('passkey-factor');
  await touching(async () => {
    await press(button('Use your passkey'));
    await at_wanted(task.wanted);
  });
  const shown = Date.now();

  // A place that asks for a fresh one.
  while (Date.now() < shown + task.fresh_seconds * 1000) await new Promise((resume) => setTimeout(resume, 100));
  await page.goto(task.fresh);
  await page.waitForURL('**/.sallyport/mfa?flow=*');
  await button('Use your passkey').waitFor();
  await look('passkey-step-up');
  await touching(async () => {
    await press(button('Use your passkey'));
    await at_wanted(task.fresh);
  });

  // Another host's page cannot ask for it.
  const elsewhere = await page.evaluate(async (rpId) => {
    const challenge = crypto.getRandomValues(new Uint8Array(32));
    return navigator.credentials.get({ publicKey: { challenge, rpId } }).then(() => 'taken', (error) => error.name);
  }, new URL(task.gate).hostname);
  steps.push({ name: 'elsewhere', elsewhere });

  // Without a password, by the button.
  await leave();
  await page.goto(task.wanted);
  await button('Sign in with a passkey').waitFor();
  await touching(async () => {
    await press(button('Sign in with a passkey'));
    await at_wanted(task.wanted);
  });
  steps.push({ name: 'alone', strength: await strength() });

  // And by the suggestions of the user field.
  await leave();
  suggestions = true;
  await touching(async () => {
    await page.goto(task.wanted);
    await at_wanted(task.wanted);
  });
  suggestions = false;
  steps.push({ name: 'suggested', strength: await strength() });

  // The device does not verify who it is.
  await leave();
  await verified(false);
  await page.goto(task.gate + '/.sallyport/login');
  await button('Sign in with a passkey').waitFor();
  await touching(async () => {
    await press(button('Sign in with a passkey'));
    await page.getByText('No passkey was used').waitFor();
  });
  await look('passkey-refused');
  await verified(true);

  // Removed: what the authenticator still holds opens nothing.
  await page.goto(task.gate + '/.sallyport/login');
  await touching(async () => {
    await press(button('Sign in with a passkey'));
    await page.waitForURL(task.gate + '/');
  });
  await page.goto(task.gate + '/.sallyport/account/factors');
  await page.locator('summary').first().click();
  await page.getByRole('button', { name: "Remove Ann's laptop" }).click();
  await page.waitForURL('**/factors?done=removed');
  await look('passkey-removed');
  await leave();
  await page.goto(task.gate + '/.sallyport/login');
  await touching(async () => {
    await press(button('Sign in with a passkey'));
    await page.getByText('That passkey was not accepted').waitFor();
  });
  await look('passkey-gone');
});
