// One Chromium: its user is signed in at the gate and on two hosts, and has a hostile page open. Everything in attempts.mjs is tried:
// from the victim's own host first, and some of it from a listed origin (the controls), then from the hostile place. Here it is
// only seen; judging is the test's.
// node attacker.mjs, with one JSON object on stdin: {gate, app, other, evil: origins, place: what to call evil, sign_in_at: [url],
// user, password, thief: {user, password, callback}, keys: [SHA-256 of a certificate's key, base64], toss: [name of a cookie],
// raw: {name: response field lines, base64}}
// Prints one JSON object: {tried: [{place, name, group, read, seen, framed}], alive: [{after, url, status, moved, text}], workers,
// answers, the cookies before, after_answers and after_toss, signed_out, faults}.
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { attempts } from './attempts.mjs';
import { quiet, sign_in } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const deadline = task.deadline || 15000;
// The certificates count as good ones, by their keys: behind a warning Chromium has no service workers, and more that we want to see.
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: [...quiet, '--host-resolver-rules=MAP *.example 127.0.0.1', `--ignore-certificate-errors-spki-list=${task.keys.join(',')}`] });
const context = await browser.newContext();
context.setDefaultTimeout(deadline);

const tried = [], alive = [], faults = [], seen = [];
const waiting = new Set();
const note = (request, what) => {
  seen.push({ url: request.url(), method: request.method(), what });
  for (const look of waiting) look();
};
context.on('response', (response) => note(response.request(), response.status()));
context.on('requestfailed', (request) => note(request, request.failure()?.errorText));
const saw = (url) => seen.filter((entry) => entry.url.startsWith(url));
const until_seen = (url) => new Promise((done, fail) => {
  const late = setTimeout(() => { waiting.delete(look); fail(new Error(`nothing was seen of ${url}`)); }, deadline);
  const look = () => { if (saw(url).length) { clearTimeout(late); waiting.delete(look); done(); } };
  waiting.add(look); look();
});

const silence = () => new Promise((done) => setTimeout(done, deadline / 5, 'silent'));

// Is everybody still where they were? Page loads, so that a session that is gone shows as a redirect.
const watch = await context.newPage();
const look_at = async (url) => {
  const answer = await watch.goto(url);
  return { url, status: answer.status(), moved: answer.request().redirectedFrom() !== null, text: await answer.text() };
};
const check = async (after, ...urls) => {
  for (const url of urls) alive.push({ after, ...await look_at(url) });
};
const everywhere = [`${task.gate}/api/v1/me`, `${task.app}/alive`, `${task.other}/alive`];

const begin = async () => {
  await watch.goto(`${task.app}/page`);
  await sign_in(watch, task.user, task.password);
  await watch.waitForURL(`${task.app}/page`);
  for (const url of task.sign_in_at) await watch.goto(url);
  await check('sign-in', ...everywhere);
  return JSON.parse(alive.find((entry) => entry.url.endsWith('/me')).text).session;
};

// The one hostile tab: loaded anew for each attempt, whatever the last one left it doing. Tabs that it opened are closed.
const tab = await context.newPage();
const fresh = async (url) => {
  for (const open of context.pages()) if (open !== watch && open !== tab) open.close().catch(() => {});
  await tab.goto(url).catch(() => tab.waitForURL(url));  // the last attempt's navigation may still have been under way
};

const one = async (attempt, place, here, session) => {
  const mark = `${place}-${attempt.name}`;
  const host = attempt.host === 'gate' ? task.gate : task.app;
  const to = attempt.at ? `${host}${attempt.at.replace('SESSION', session)}?${mark}` : `${host}/data/${mark}`;
  const x = { name: mark, to, socket: to.replace('https:', 'wss:'), here, gate: task.gate, app: task.app, thief: task.thief,
    fields: attempt.thief ? task.thief : attempt.session ? { session } : undefined };
  const told = { place, name: attempt.name, group: attempt.group, framed: [] };
  try {
    await fresh(`${here}/page`);
    told.read = await Promise.race([tab.evaluate(attempt.run, x), silence()]);
    if (told.read === 'navigated' || /^(beacon|prefetch|logout_beacon|logout_prefetch)/.test(attempt.name)) await until_seen(to);
    if (attempt.framed) {
      await until_seen(to);
      for (const frame of tab.frames().slice(1)) told.framed.push({ url: frame.url(), text: await frame.evaluate(() => document.body?.innerText ?? '') });
    }
  } catch (error) {
    faults.push(`${mark}: ${error.message}`);
  }
  told.seen = saw(to);
  tried.push(told);
};

// A hostile answer to a script of the hostile page's own host: which fields came through, and what they led to.
const answers = async (page) => Object.fromEntries(await Promise.all(Object.entries(task.raw).map(async ([name, raw]) => [name,
  await page.evaluate(([here, lines]) => fetch(`${here}/headers?raw=${lines}`).then((r) => JSON.stringify([...r.headers])), [task.evil, raw])])));

const jar = async () => (await context.cookies()).map(({ name, value, domain, path }) => ({ name, value, domain, path }));

const toss = (page, names) => page.evaluate((all) => {
  for (const name of all)
    for (const domain of ['', '; Domain=apps.localhost', '; Domain=.apps.localhost', '; Domain=localhost', '; Domain=' + location.hostname])
      for (const path of ['/', '/.sallyport', '/data'])
        document.cookie = `${name}=tossed; Secure; Path=${path}${domain}`;
  return document.cookie;
}, names);

const workers = (page) => page.evaluate(async ([app]) => {
  const attempt = (script, scope) => navigator.serviceWorker.register(script, { scope }).then(() => 'registered', (e) => e.name);
  return [await attempt('/deep/worker', '/'), await attempt('/deep/worker', '/.sallyport/'), await attempt(app + '/worker', app + '/'), await attempt('/worker', app + '/')];
}, [task.app]);

const out = { tried, alive, faults };
try {
  const session = await begin();
  const thief = await watch.goto(task.thief.callback);
  out.thief = { status: thief.status(), url: watch.url() };
  await check('the code of another person', ...everywhere);
  for (const attempt of attempts.filter(({ group }) => ['acts', 'loads'].includes(group))) await one(attempt, 'own', task.app, session);
  const spoken = ['fetch_cors_json', 'fetch_put', 'fetch_delete', 'xhr_put', 'web_socket', 'fetch_get_cors', 'event_source', 'image', 'script'];
  for (const attempt of attempts.filter(({ name }) => spoken.includes(name))) await one(attempt, 'friend', task.other, session);
  out.before = await jar();
  for (const attempt of attempts) {
    await one(attempt, task.place, task.evil, session);
    if (attempt.group === 'gate') await check(attempt.name, everywhere[0]);
  }
  await check('all attempts', ...everywhere);
  await fresh(`${task.evil}/page`);
  out.workers = await workers(tab);
  out.answers = await answers(tab);
  out.after_answers = await jar();
  await check('hostile response fields', ...everywhere);
  out.page_cookies = await toss(tab, task.toss);
  out.after_toss = await jar();
  await check('tossed cookies', ...everywhere);
  // The last control: signing out does show in what was looked at all the time.
  await watch.goto(`${task.gate}/.sallyport/logout`);
  const button = watch.locator('form [type=submit]').first();
  if (await button.count()) await button.click();  // without a session there is none, and the test will say so
  await watch.waitForLoadState();
  out.signed_out = await Promise.all([look_at(everywhere[0])]);
} catch (error) {
  faults.push(`${error.stack} at ${watch.url()}`);
}
await browser.close();
console.log(JSON.stringify(out));
