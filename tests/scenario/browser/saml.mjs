// A person with Chromium signs in at a SAML identity provider: a page is wanted, the provider chosen, its form filled in, the page shown;
// the account looked at; the sign-out leads over the provider, which asks for the password the next time.
// node saml.mjs, with one JSON object on stdin: as person.mjs, and {provider: its origin, label}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import path from 'node:path';
import { picture, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { context, page, steps, faults, shot, judge } = await watched(task);
const is_there = (url) => url.href.startsWith(task.provider);

await judge(async () => {
  await page.goto(task.wanted);
  await shot('saml-choice', true);
  const link = page.getByRole('link', { name: task.label });
  steps.push({ name: 'link', height: (await link.boundingBox()).height, before: await page.locator('input[name=password]').count() });
  await link.click();
  await page.waitForURL(is_there);
  await picture(page, { path: path.join(task.out, `${task.scheme}-${task.width}-saml-provider.png`) }); // not ours: it may scroll sideways
  await page.locator('input[name=username]').fill(task.user);
  await page.locator('input[name=password]').fill(task.password);
  await page.locator('button[type=submit], input[type=submit], #submit_button').first().click();
  await page.waitForURL(task.wanted);
  await shot('saml-wanted');
  if (!(await page.content()).includes(task.mark)) faults.push('the wanted page does not show its mark');
  const cookies = await context.cookies(task.gate);
  steps.push({ name: 'cookies', cookies: cookies.map(({ name, sameSite, httpOnly, secure }) => ({ name, sameSite, httpOnly, secure })) });
  await page.goto(task.gate + '/.sallyport/account');
  await shot('saml-account', true);
  await page.goto(task.gate + '/.sallyport/logout');
  await page.locator('form [type=submit]').first().click();
  await page.waitForURL((url) => url.href.startsWith(task.gate));
  await shot('saml-signed-out');
  await page.goto(task.wanted);
  await page.getByRole('link', { name: task.label }).click();
  await page.waitForURL(is_there);
  await page.locator('input[name=password]').waitFor();
  await page.locator('input[name=username]').fill(task.stranger);
  await page.locator('input[name=password]').fill(task.password);
  await page.locator('button[type=submit], input[type=submit], #submit_button').first().click();
  await page.waitForURL(task.gate + '/.sallyport/saml/**');
  await shot('saml-refused', true);
  steps.push({ name: 'refused', text: await page.locator('main').innerText() });
});
