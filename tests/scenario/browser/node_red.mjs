// A person with Chromium on a Node-RED behind the gateway. node node_red.mjs, with one JSON object on stdin:
// {line1, user, password, role: owner | viewer | dashboard, secrets: [text], out: folder}
// Everything the browser saw, said and kept is searched for the secrets. Prints one JSON object: {facts, faults}.
import { chromium } from 'playwright-core';
import fs from 'node:fs';
import path from 'node:path';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const facts = { sockets: [], hosts: [] }, faults = [], seen = [], hosts = new Set();
const quiet = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions', '--no-first-run',
  '--disable-client-side-phishing-detection', '--disable-domain-reliability', '--metrics-recording-only',
  '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: quiet });
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
page.setDefaultTimeout(60000);
page.on('pageerror', (error) => faults.push(`page error: ${error}`));
page.on('request', (request) => seen.push([`request ${request.url()}`, `${request.url()} ${JSON.stringify(request.headers())} ${request.postData() || ''}`]));
page.on('response', async (response) => {
  hosts.add(new URL(response.url()).host);
  const headers = JSON.stringify(await response.allHeaders().catch(() => ({})));
  const body = [301, 302, 303, 307, 308].includes(response.status()) ? '' : await response.text().catch(() => '');
  seen.push([`answer ${response.url()}`, headers + body]);
});
page.on('websocket', (socket) => {
  const fact = { url: socket.url().replace(/\?.*/, ''), sent: [], received: 0 };
  facts.sockets.push(fact);
  socket.on('framesent', ({ payload }) => {
    fact.sent.push(String(payload).slice(0, 200));
    seen.push([`sent on ${fact.url}`, String(payload)]);
  });
  socket.on('framereceived', ({ payload }) => {
    fact.received += 1;
    seen.push([`received on ${fact.url}`, String(payload)]);
  });
});

const shot = (name) => page.screenshot({ path: path.join(task.out, `${task.role}-${name}.png`) });
// A request as a script of the page makes it.
const say = (method, url) => page.evaluate(async ([verb, where]) => (await fetch(where, {
  method: verb, headers: { 'Content-Type': 'application/json', 'Node-RED-API-Version': 'v2' }, body: '{"flows":[]}',
})).status, [method, url]);

async function signIn(wanted) {
  await page.goto(wanted);
  await page.locator('input[name="user"]').fill(task.user);
  await page.locator('input[name="password"]').fill(task.password);
  await page.locator('form:has(input[type=password]) [type=submit]').first().click();
  await page.waitForURL(wanted);
}

async function openEditor() {
  await signIn(task.line1 + '/');
  await page.waitForSelector('#n000000000000001', { state: 'attached' });
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' }).catch(() => {});
  await page.evaluate(() => window.RED.sidebar.show('debug'));
}
const debugMessage = () => page.locator('.red-ui-debug-msg', { hasText: 'from-the-inject-node' }).first();

async function owner() {
  await openEditor();
  const node = page.locator('#n000000000000001');
  await node.locator('.red-ui-flow-node').first().dblclick();
  await page.locator('#node-input-name').fill('renamed by the owner');
  await shot('edit');
  await page.locator('#node-dialog-ok').click();
  const deployed = page.waitForResponse((response) => response.request().method() === 'POST' && /\/flows$/.test(response.url()));
  await page.locator('#red-ui-header-button-deploy').click();
  facts.deployed = (await deployed).status();
  const pressed = page.waitForResponse((response) => /\/inject\//.test(response.url()));
  await node.locator('.red-ui-flow-node-button-button').first().click();
  facts.pressed = (await pressed).status();
  await debugMessage().waitFor();
  facts.debug = true;
  await shot('debug');
}

async function viewer() {
  await openEditor();
  facts.nodes = await page.locator('.red-ui-flow-node-group').count();
  await debugMessage().waitFor(); // somebody else presses it
  facts.debug = true;
  await shot('editor');
  facts.deployButton = await page.locator('#red-ui-header-button-deploy').getAttribute('class');
  facts.acts = {};
  for (const [method, url] of [['POST', 'flows'], ['PUT', 'flow/f0000000000000a1'], ['POST', 'inject/n000000000000001'],
    ['POST', 'debug/n000000000000002/disable'], ['POST', 'settings/user'], ['DELETE', 'context/global/a'], ['POST', 'auth/token']]) {
    facts.acts[`${method} ${url}`] = await say(method, url);
  }
  await page.evaluate(() => {
    window.RED.comms.send('multiplayer/connect', { session: 'of-the-viewer' });
    window.RED.comms.send('of-the-viewer', { act: true });
  });
  await page.evaluate(() => window.RED.deploy && document.querySelector('#red-ui-header-button-deploy')?.click());
  await shot('after');
}

async function dashboard() {
  for (const [name, where, button, answer] of [['new', '/dashboard/page1', 'New button', 'new-button-pressed'],
    ['old', '/ui/', 'Old button', 'old-button-pressed']]) {
    if (name === 'new') await signIn(task.line1 + where);
    else await page.goto(task.line1 + where);
    await page.getByText('furnace at 1410').first().waitFor();
    await page.getByRole('button', { name: button }).first().click();
    await page.getByText(answer).first().waitFor();
    await shot(name);
  }
  facts.statuses = {};
  for (const where of ['/', '/flows', '/settings', '/red/red.min.js', '/hook']) facts.statuses[where] = (await page.goto(task.line1 + where)).status();
  await shot('refused');
}

try {
  await { owner, viewer, dashboard }[task.role]();
  facts.storage = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  seen.push(['storage', facts.storage], ['page', await page.content()], ['cookies', JSON.stringify(await context.cookies())]);
} catch (error) {
  faults.push(`at ${page.url()}: ${error.message}`);
  await shot('fault').catch(() => {});
}
for (const [where, text] of seen) {
  for (const secret of task.secrets) if (text.includes(secret)) faults.push(`a secret is in: ${where}`);
}
facts.hosts = [...hosts];
await browser.close();
console.log(JSON.stringify({ facts, faults }));
