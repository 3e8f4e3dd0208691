// A person with Chromium changes the password, is made to change it at a sign-in, and sets one by an administrator's link.
// node password.mjs, with one JSON object on stdin: as account.mjs, and {fresh: [three passwords], due: user, wanted: url,
// linked: user, link: url}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { context, page, steps, faults, look, judge } = await watched({ ...task, refusals: [400, 401, 403, 410] });
const submit = () => page.locator('form:has(input[type=password]) [type=submit]').click();
const fill = async (fields) => { for (const [name, value] of Object.entries(fields)) await page.locator(`input[name="${name}"]`).fill(value); };
const said = async (role, text) => {
  const found = (await page.locator(`[role=${role}]`).allTextContents()).join(' ');
  if (!found.includes(text)) faults.push(`at ${page.url()}: ${role} says "${found}", not "${text}"`);
};
const facts = (name) => page.evaluate(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const fields = all('input:not([type=hidden]):not([aria-hidden])');
  return {
    labels: fields.every((field) => field.labels.length === 1),
    complete: all('input:not([type=hidden])').map((field) => field.autocomplete), headings: all('h1').length,
    described: all('[aria-describedby]').every((field) => document.getElementById(field.getAttribute('aria-describedby'))),
    small: [...fields, ...all('button')].filter((element) => element.getBoundingClientRect().height < 40).length,
    focused: document.activeElement?.name, scripts: document.scripts.length, background: getComputedStyle(document.body).backgroundColor,
  };
}).then((found) => steps.push({ name, facts: found }));

await judge(async () => {
  const [own, due, linked] = task.fresh;
  await page.goto(task.gate + '/.sallyport/login');
  await sign_in(page, task.user, task.password);
  await page.locator('a[href="/.sallyport/account"]').click();
  await page.locator('a[href="/.sallyport/account/password"]').click();
  await look('password-change');
  if (task.script !== false) await facts('change');
  await fill({ current: task.password, new: 'password123', again: 'password123' });
  await submit();
  await said('alert', 'too easy to guess');
  await look('password-weak');
  await fill({ current: task.password, new: own, again: own });
  await submit();
  await page.waitForURL('**?password=changed');
  await said('status', 'Your password was changed');
  await look('password-changed');
  await context.clearCookies();

  await page.goto(task.wanted);
  await sign_in(page, task.due, task.password);
  await page.waitForURL('**/account/password?flow=*');
  await look('password-due');
  if (task.script !== false) await facts('due');
  await fill({ current: task.password, new: due, again: due });
  await submit();
  await page.waitForURL(task.wanted);
  await context.clearCookies();

  await page.goto(task.link);
  await look('password-link');
  if (task.script !== false) await facts('link');
  await fill({ new: linked, again: linked });
  await submit();
  await page.locator('h1', { hasText: 'The password is set' }).waitFor();
  await look('password-set');
  await page.locator('a.button').click();
  await sign_in(page, task.linked, linked);
  await page.locator('h1', { hasText: 'Your places' }).waitFor();
  await page.goto(task.link);
  await page.locator('h1', { hasText: 'This link does not work' }).waitFor();
  await look('password-link-over');
});
