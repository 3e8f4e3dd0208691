// A person with Chromium signs in at the gate's own form with a directory's password: a wrong one first, then the right one, then the
// page wanted; the account looked at, signed out. Then a person whom the directory knows and who has no account here.
// node ldap.mjs, with one JSON object on stdin: as person.mjs, and {wrong: password, stranger: user, strangers: password}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { page, steps, faults, shot, look, judge } = await watched(task);
const said = async (name) => steps.push({ name, url: page.url(), text: await page.locator('main').innerText() });

await judge(async () => {
  await page.goto(task.wanted);
  await look('ldap-login');
  await sign_in(page, task.user, task.wrong);
  await page.locator('[role=alert]').waitFor();
  await look('ldap-wrong');
  await said('wrong');
  await sign_in(page, task.user, task.password);
  await page.waitForURL(task.wanted);
  await shot('ldap-wanted');
  if (!(await page.content()).includes(task.mark)) faults.push('the wanted page does not show its mark');
  await page.goto(task.gate + '/.sallyport/account');
  await look('ldap-account');
  await said('account');
  await page.goto(task.gate + '/.sallyport/logout');
  await page.locator('form [type=submit]').first().click();
  await page.getByRole('heading', { name: 'signed out' }).waitFor();
  await look('ldap-signed-out');
  await page.goto(task.wanted);
  await sign_in(page, task.stranger, task.strangers);
  await page.getByText('Reference:').waitFor();
  await look('ldap-refused');
  await said('refused');
});
