// A person with Chromium makes a token, mends what was wrong, takes the value, rotates and revokes: without a script of the page.
// node tokens.mjs, with one JSON object on stdin: {gate, user, password, secrets: [text], out: folder, scheme, width, height, keyboard}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { page, steps, faults, look, press, judge } = await watched(task);
const items = () => page.locator('ul.sessions > li');
const value = () => page.locator('.secret code').textContent();

const facts = () => page.evaluate(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const levels = all('h1,h2,h3').map((heading) => Number(heading.tagName[1]));
  return {
    lang: document.documentElement.lang, headings: levels,
    skipped: levels.some((level, at) => level - (levels[at - 1] || 0) > 1),
    ids: all('[id]').length === new Set(all('[id]').map((element) => element.id)).size,
    labelled: all('[aria-labelledby]').every((element) => document.getElementById(element.getAttribute('aria-labelledby'))),
    described: all('[aria-describedby]').every((element) => document.getElementById(element.getAttribute('aria-describedby'))),
    labels: all('input:not([type=hidden])').every((input) => input.labels.length === 1),
    names: all('button').every((button) => (button.getAttribute('aria-label') || button.textContent).includes(button.textContent.trim())),
    small: all('button,nav a,summary,label.check').filter((element) => element.getBoundingClientRect().height < 40).length,
    scripts: document.scripts.length, background: getComputedStyle(document.body).backgroundColor,
  };
});

await judge(async () => {
  await page.goto(task.gate + '/.sallyport/login');
  await sign_in(page, task.user, task.password);
  await page.goto(task.gate + '/.sallyport/account');
  await press(page.locator('main a[href="/.sallyport/account/tokens"]'));
  await page.waitForURL('**/.sallyport/account/tokens');
  const before = await items().count();
  await look('tokens-list');
  await page.locator('#name').fill('Nightly export');
  await page.locator('#expires').fill('900d');
  await press(page.locator('summary').first());
  await page.locator('#path').fill('reports');
  await page.locator('#networks').fill('10.0.0.0/8, 192.0.2.7');
  await page.locator('input[name=read_only]').check();
  await look('tokens-form');
  if (task.script !== false) steps.push({ name: 'facts', facts: await facts() });
  await press(page.locator('form.stacked button'));
  await page.locator('.alert li').first().waitFor();
  if ((await page.locator('.alert li').count()) !== 2) faults.push('not two mistakes');
  if ((await page.locator('#name').inputValue()) !== 'Nightly export') faults.push('what was typed is gone');
  await look('tokens-mistakes');
  await page.locator('#expires').fill('30d');
  await page.locator('#path').fill('/reports');
  await press(page.locator('form.stacked button'));
  await page.locator('.secret code').waitFor();
  const first = await value();
  if (!/^spt_[A-Za-z0-9_-]{43}$/.test(first)) faults.push('no token on the page');
  await look('tokens-made');
  if (task.script !== false) {
    // One click takes the whole of it, and nothing else.
    await page.locator('.secret code').click();
    const taken = await page.evaluate(() => getSelection().toString());
    if (taken !== first) faults.push(`a click takes ${JSON.stringify(taken.slice(0, 12))}...`);
  }
  if ((await items().count()) !== before + 1) faults.push('the list has not one more');
  await press(items().last().locator('form[action$="/rotate"] button'));
  await page.locator('.secret code').waitFor();
  const second = await value();
  if (second === first) faults.push('rotation gave the same');
  await look('tokens-rotated');
  if ((await items().count()) !== before + 2) faults.push('the overlap is not in the list');
  await press(items().last().locator('form[action$="/revoke"] button'));
  await page.waitForURL('**?revoked');
  if ((await items().count()) !== before + 1) faults.push('the revoked one is in the list');
  if ((await page.content()).includes(first.slice(4)) || (await page.content()).includes(second.slice(4))) faults.push('a token is shown again');
  await look('tokens-revoked');
  steps.push({ name: 'tokens', tokens: [first, second] });
});
