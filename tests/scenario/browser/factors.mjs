// A person with Chromium of whom a second factor is demanded: sets an app up with the code on the screen, goes on to the page wanted,
// signs in with password and code, shows the factor again where a fresh one is asked for, uses a recovery code when the phone is gone,
// sets up another and removes the lost one. Every page is judged by axe-core.
// node factors.mjs, with one JSON object on stdin: {gate, wanted, fresh, user, password, mark, secrets: [text], out: folder, scheme, width,
// height, keyboard, fresh_seconds}. wanted: any factor will do; fresh: asks for one that was shown
// within fresh_seconds.
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { next_code, scan, secret_of } from './authenticator.mjs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { context, page, steps, faults, shot, look: judged, press, judge } = await watched(task);

const look = async (name) => {
  await judged(name);
  if (task.script === false) return;
  const small = await page.locator('button, summary, .ways a, input:not([type=hidden])').evaluateAll((all) => all
    .filter((each) => each.getBoundingClientRect().height > 0 && each.getBoundingClientRect().height < 40).map((each) => each.outerHTML.slice(0, 80)));
  for (const each of small) faults.push(`${name}: too small for a finger: ${each}`);
};
const button = (words) => page.getByRole('button', { name: words, exact: true });
const type_code = async (code, words) => {
  const field = page.locator('#code');
  if (!(await field.evaluate((element) => element === document.activeElement))) faults.push(`the field of the code has no focus on ${page.url()}`);
  await page.keyboard.type(code);
  await press(button(words));
};
const leave = async () => {
  await page.goto(task.gate + '/.sallyport/logout');
  await button('Sign out').click();
  await page.waitForLoadState();
};

await judge(async () => {
  await page.goto(task.wanted);
  await look('sign-in');
  await sign_in(page, task.user, task.password);
  await page.waitForURL('**/.sallyport/account/factors?flow=*');
  await look('factor-none');
  await page.locator('#name').fill("Ann's phone");
  await press(button('Set up an authenticator app'));
  await page.waitForURL('**/factors/totp');
  await look('app-setup');
  const uri = await scan(page);
  steps.push({ name: 'uri', uri: uri.replace(/secret=[^&]+/, 'secret=X') });
  const secret = secret_of(uri);
  await page.locator('summary').click();
  if ((await page.locator('#key').textContent()).replaceAll(' ', '') !== secret) faults.push('the key in letters is not the one of the QR code');
  await look('app-setup-key');
  await page.locator('#code').focus();
  await type_code('000000', 'Confirm');
  await page.getByText('That code is not right').waitFor();
  if ((await page.locator('#code').getAttribute('aria-describedby')).split(' ').includes('problem') === false) faults.push('the field does not name its problem');
  await look('app-setup-wrong');
  if (secret_of(await scan(page)) !== secret) faults.push('a wrong code changes the key');
  let { code, step } = await next_code(secret);
  await type_code(code, 'Confirm');
  await page.getByText('Your recovery codes').waitFor();
  await look('recovery-codes');
  const codes = await page.locator('.codes code').allTextContents();
  if (codes.length !== 10) faults.push(`${codes.length} recovery codes`);
  await page.emulateMedia({ media: 'print' });
  await shot('recovery-codes-print', true);
  await page.emulateMedia({ media: 'screen' });
  await press(page.getByRole('link', { name: 'I have kept them, continue' }));
  await page.waitForURL(task.wanted);
  if (!(await page.content()).includes(task.mark)) faults.push('the wanted page does not show its mark');

  await leave();
  await look('signed-out');
  await page.goto(task.wanted);
  await sign_in(page, task.user, task.password);
  await page.waitForURL('**/.sallyport/mfa?flow=*');
  await look('code');
  await type_code('000000', 'Continue');
  await page.getByText('That code is not right').waitFor();
  await look('code-wrong');
  ({ code, step } = await next_code(secret, step));
  await type_code(code, 'Continue');
  await page.waitForURL(task.wanted);
  const shown = Date.now();

  // A page that asks for a fresh factor: to the gate and back to it.
  while (Date.now() < shown + task.fresh_seconds * 1000) await new Promise((resume) => setTimeout(resume, 100));
  await page.goto(task.fresh);
  await page.waitForURL('**/.sallyport/mfa?flow=*');
  await page.getByText('Confirm that it is you').waitFor();
  await look('step-up');
  ({ code, step } = await next_code(secret, step));
  await type_code(code, 'Continue');
  await page.waitForURL(task.fresh);
  steps.push({ name: 'came back', url: page.url() });

  // The phone is gone.
  await leave();
  await page.goto(task.gate + '/.sallyport/login');
  await sign_in(page, task.user, task.password);
  await page.waitForURL('**/.sallyport/mfa');
  await press(page.getByRole('link', { name: 'Use a recovery code' }));
  await page.waitForURL('**with=recovery*');
  await look('recovery');
  await type_code(codes[0].toLowerCase().replaceAll('-', ' '), 'Continue');
  await page.waitForURL(task.gate + '/');
  await look('home');
  await page.goto(task.gate + '/.sallyport/account');
  await look('account');
  await press(page.getByRole('link', { name: 'Second factors' }));
  await page.waitForURL('**/.sallyport/account/factors');
  await look('factors');
  await page.locator('#name').fill('New phone');
  await press(button('Set up an authenticator app'));
  await page.waitForURL('**/factors/totp');
  const next = secret_of(await scan(page));
  await type_code((await next_code(next)).code, 'Confirm');
  await page.waitForURL('**/factors?done=added');
  await press(page.locator('summary[aria-label="Change Ann\'s phone"]'));
  await look('factors-change');
  await press(page.getByRole('button', { name: "Remove Ann's phone" }));
  await page.waitForURL('**/factors?done=removed');
  await look('factors-removed');
  if (await page.getByText("Ann's phone").count()) faults.push('the lost phone is still there');
  await press(page.locator('summary'));
  if (await page.getByRole('button', { name: 'Remove New phone' }).count()) faults.push('the last one can be removed where one is demanded');
  await press(button('Make new recovery codes'));
  await page.getByText('no longer work').waitFor();
  await look('recovery-codes-new');
  await page.goto(task.gate + '/.sallyport/nowhere');
  await look('error');
  await page.goto(task.gate + '/.sallyport/logout');
  await look('sign-out');
  if ((await context.cookies()).some((cookie) => !cookie.httpOnly || !cookie.secure)) faults.push('a cookie that scripts can read');
});
