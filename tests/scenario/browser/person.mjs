// A person with Chromium: opens a protected page, signs in on the gate's page, lands on the page wanted, looks at the account, signs
// out. Everything the browser saw and said is judged at the end: console, policy violations, secrets, foreign hosts.
// node person.mjs, with one JSON object on stdin: {gate, wanted, user, password, mark, secrets: [text], out: folder, scheme, width, height}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { context, page, steps, faults, shot, look, judge } = await watched(task);

await judge(async () => {
  await page.goto(task.wanted);
  await look('login');
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
  await sign_in(page, task.user, 'not-the-password-at-all');
  await look('wrong');
  if (!(await page.locator('input[name="password"]').count())) faults.push('no second try after a wrong password');
  await sign_in(page, task.user, task.password);
  await page.waitForURL(task.wanted);
  await shot('wanted');
  if (!(await page.content()).includes(task.mark)) faults.push('the wanted page does not show its mark');
  const cookies = await context.cookies();
  steps.push({ name: 'cookies', cookies: cookies.map(({ name, domain, secure, httpOnly, sameSite, path: where }) => ({ name, domain, secure, httpOnly, sameSite, path: where })) });
  await page.goto(task.gate + '/.sallyport/account');
  await look('account');
  await page.goto(task.gate + '/');
  await look('home');
  await page.goto(task.gate + '/.sallyport/logout');
  await look('logout');
  await page.locator('form [type=submit]').first().click();
  await page.waitForLoadState();
  await look('signed-out');
  const after = await page.goto(task.wanted);
  if (!page.url().startsWith(task.gate)) faults.push(`after signing out the page is still there: ${page.url()} ${after.status()}`);
});
