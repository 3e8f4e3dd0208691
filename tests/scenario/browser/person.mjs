// A person with Chromium: opens a protected page, signs in on the gate's page, lands on the page wanted, looks at the account, signs
// out. Everything the browser saw and said is judged at the end: console, policy violations, secrets, foreign hosts.
// node person.mjs, with one JSON object on stdin: {gate, wanted, user, password, mark, secrets: [text], out: folder, scheme, width, height}
// Prints one JSON object: {steps: [...], faults: [...]}.
import { chromium } from 'playwright-core';
import fs from 'node:fs';
import path from 'node:path';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const steps = [], faults = [], seen = [], hosts = new Set();
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions', '--no-first-run',
  '--disable-client-side-phishing-detection', '--disable-domain-reliability', '--metrics-recording-only',
  '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: quiet });
const context = await browser.newContext({
  ignoreHTTPSErrors: true, colorScheme: task.scheme, javaScriptEnabled: task.script !== false,
  viewport: { width: task.width, height: task.height },
});
const page = await context.newPage();
page.setDefaultTimeout(20000);
page.on('console', (message) => {
  // a 401 of a wrong password is reported by Chromium itself as a console error; everything else is a fault
  if (['error', 'warning'].includes(message.type()) && !/status of 401/.test(message.text())) faults.push(`console: ${message.text()}`);
});
page.on('pageerror', (error) => faults.push(`page error: ${error}`));
page.on('requestfailed', (request) => faults.push(`request failed: ${request.url()} ${request.failure()?.errorText}`));
page.on('response', async (response) => {
  hosts.add(new URL(response.url()).host);
  const entry = { url: response.url(), headers: JSON.stringify(await response.allHeaders().catch(() => ({}))), body: '' };
  seen.push(entry);
  if (![301, 302, 303, 307, 308].includes(response.status())) entry.body = await response.text().catch(() => '');
});

const shot = async (name) => {
  await page.screenshot({ path: path.join(task.out, `${task.scheme}-${task.width}-${name}.png`) });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth).catch(() => 0);
  if (wide > 0) faults.push(`${name} scrolls sideways by ${wide} px at width ${task.width}`);
  steps.push({ name, url: page.url(), title: await page.title() });
};
const field = (name) => page.locator(`input[name="${name}"]`);
const send = () => page.locator('form:has(input[type=password]) [type=submit]').first().click();

try {
  await page.goto(task.wanted);
  await shot('login');
  if (task.script !== false) {
    const facts = await page.evaluate(() => ({
      labels: [...document.querySelectorAll('input:not([type=hidden])')].every((input) => input.labels?.length || input.ariaLabel),
      lang: document.documentElement.lang, viewport: !!document.querySelector('meta[name=viewport]'),
      focus: document.activeElement?.name || '', complete: document.querySelector('input[type=password]')?.autocomplete,
      small: [...document.querySelectorAll('input:not([type=hidden]),button')].filter((e) => e.getBoundingClientRect().height < 32).length,
      scripts: document.scripts.length, background: getComputedStyle(document.body).backgroundColor,
    }));
    steps.push({ name: 'facts', facts });
  }
  await field('user').fill(task.user);
  await field('password').fill('not-the-password-at-all');
  await send();
  await shot('wrong');
  if (!(await field('password').count())) faults.push('no second try after a wrong password');
  await field('user').fill(task.user);
  await field('password').fill(task.password);
  await send();
  await page.waitForURL(task.wanted);
  await shot('wanted');
  if (!(await page.content()).includes(task.mark)) faults.push('the wanted page does not show its mark');
  const cookies = await context.cookies();
  steps.push({ name: 'cookies', cookies: cookies.map(({ name, domain, secure, httpOnly, sameSite, path: where }) => ({ name, domain, secure, httpOnly, sameSite, path: where })) });
  await page.goto(task.gate + '/.sallyport/account');
  await shot('account');
  await page.goto(task.gate + '/');
  await shot('home');
  await page.goto(task.gate + '/.sallyport/logout');
  await shot('logout');
  await page.locator('form [type=submit]').first().click();
  await page.waitForLoadState();
  await shot('signed-out');
  const after = await page.goto(task.wanted);
  if (!page.url().startsWith(task.gate)) faults.push(`after signing out the page is still there: ${page.url()} ${after.status()}`);
} catch (error) {
  faults.push(`at ${page.url()}: ${error.message}`);
  await page.screenshot({ path: path.join(task.out, 'fault.png') }).catch(() => {});
}
await page.waitForLoadState().catch(() => {});
for (const { url, headers, body } of seen) {
  for (const secret of task.secrets) if (url.includes(secret) || headers.includes(secret) || body.includes(secret)) faults.push(`a secret is in ${url}`);
}
steps.push({ name: 'hosts', hosts: [...hosts] });
await browser.close();
console.log(JSON.stringify({ steps, faults }));
