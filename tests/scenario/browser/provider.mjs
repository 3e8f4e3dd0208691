// A person with Chromium signs in at an identity provider, by SAML or OpenID Connect: a page is wanted, the provider chosen, its form
// filled in, the page shown; the account looked at; the sign-out leads over the provider, which asks for the password the next time, and
// then a stranger is refused.
// node provider.mjs, with one JSON object on stdin: as person.mjs, and {type: saml or oidc, provider: its origin, label, stranger: user}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import path from 'node:path';
import { picture, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { context, page, steps, faults, shot, look, judge } = await watched(task);
const is_there = (url) => url.href.startsWith(task.provider);
const submit = 'button[type=submit], input[type=submit], #submit_button, form button:not([type])';

// What the provider shows is not ours: it may scroll sideways, and axe-core does not judge it.
const fill_in_there = async (user) => {
  await page.waitForURL(is_there);
  await page.locator('input[name=password]').waitFor();
  await picture(page, { path: path.join(task.out, `${task.scheme}-${task.width}-${task.type}-provider.png`) });
  await page.locator('input[name=username]').fill(user);
  await page.locator('input[name=password]').fill(task.password);
  await page.locator(submit).first().click();
};

await judge(async () => {
  await page.goto(task.wanted);
  await look(`${task.type}-choice`);
  const link = page.getByRole('link', { name: task.label });
  steps.push({ name: 'link', height: (await link.boundingBox()).height, before: await page.locator('input[name=password]').count() });
  await link.click();
  await fill_in_there(task.user);
  await page.waitForURL(task.wanted);
  await shot(`${task.type}-wanted`);
  if (!(await page.content()).includes(task.mark)) faults.push('the wanted page does not show its mark');
  const cookies = await context.cookies(task.gate);
  steps.push({ name: 'cookies', cookies: cookies.map(({ name, sameSite, httpOnly, secure }) => ({ name, sameSite, httpOnly, secure })) });
  await page.goto(task.gate + '/.sallyport/account');
  await look(`${task.type}-account`);
  await page.goto(task.gate + '/.sallyport/logout');
  await look(`${task.type}-sign-out`);
  await page.locator('form [type=submit]').first().click();
  if (task.type === 'oidc') { // the provider asks first
    await page.waitForURL(is_there);
    await page.locator('button[name=logout]').click();
  }
  await page.waitForURL((url) => url.href.startsWith(task.gate));
  await page.getByRole('heading', { name: 'signed out' }).waitFor();
  await look(`${task.type}-signed-out`);
  await page.goto(task.wanted);
  await page.getByRole('link', { name: task.label }).click();
  await fill_in_there(task.stranger);
  await page.waitForURL(`${task.gate}/.sallyport/${task.type}/**`);
  await look(`${task.type}-refused`);
  steps.push({ name: 'refused', text: await page.locator('main').innerText() });
});
