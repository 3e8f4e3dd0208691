// A person with Chromium looks at the account, ends one session with the keyboard alone, then all others with the pointer.
// node account.mjs, with one JSON object on stdin: {gate, user, password, secrets: [text], out: folder, scheme, width, height}
// Prints one JSON object: {steps: [...], faults: [...]}.
import fs from 'node:fs';
import { sign_in, watched } from './watch.mjs';

const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const { page, steps, faults, shot, look, judge } = await watched(task);
const ends = () => page.locator('form[action$="/end-session"] button');

// What a screen reader and a finger meet.
const facts = () => page.evaluate(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const levels = all('h1,h2,h3').map((heading) => Number(heading.tagName[1]));
  const lightness = (text) => {
    const [r, g, b] = text.match(/[\d.]+/g).map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/^rgba\(.*, 0\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (element) => {
    const [low, high] = [lightness(getComputedStyle(element).color), lightness(behind(element))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return {
    lang: document.documentElement.lang, headings: levels,
    skipped: levels.some((level, at) => level - (levels[at - 1] || 0) > 1),
    landmarks: ['header', 'nav', 'main', 'footer'].map((name) => all(name).length),
    ids: all('[id]').length === new Set(all('[id]').map((element) => element.id)).size,
    labelled: all('[aria-labelledby]').every((element) => document.getElementById(element.getAttribute('aria-labelledby'))),
    // WCAG 2.5.3: the visible words are in the name
    names: all('button').every((button) => (button.getAttribute('aria-label') || button.textContent).includes(button.textContent.trim())),
    small: all('button,nav a').filter((element) => element.getBoundingClientRect().height < 40).length,
    faint: all('dt,dd,h1,h2,h3,p,a,button,.tag').filter((element) => contrast(element) < 4.5).map((element) => element.outerHTML.slice(0, 80)),
    lists: all('ul > :not(li), dl > :not(dt):not(dd)').length, times: all('time[datetime]').length,
    scripts: document.scripts.length, background: getComputedStyle(document.body).backgroundColor,
  };
});

await judge(async () => {
  await page.goto(task.gate + '/.sallyport/login');
  await sign_in(page, task.user, task.password);
  await page.locator('a[href="/.sallyport/account"]').click();
  await page.waitForURL('**/.sallyport/account');
  await look('account-sessions');
  const before = await ends().count();
  if (task.script !== false) {
    steps.push({ name: 'facts', facts: await facts() });
    // The keyboard: Tab until the first of the buttons has the focus, see it, press Enter.
    let found = false;
    for (let i = 0; i < 20 && !found; ++i) {
      await page.keyboard.press('Tab');
      found = await page.evaluate(() => document.activeElement?.closest('form')?.action.endsWith('/end-session') || false);
    }
    if (!found) faults.push('Tab does not reach the button that ends a session');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    if (outline === 'none') faults.push('the focus is not shown');
    await shot('account-focus');
    await page.keyboard.press('Enter');
  } else {
    await ends().first().click();
  }
  await page.waitForURL('**?ended=one');
  await look('account-ended');
  if (!(await page.locator('[role=status]').textContent()).includes('The session was ended')) faults.push('no word of the end');
  if ((await ends().count()) !== before - 1) faults.push(`${await ends().count()} buttons left of ${before}`);
  await page.locator('form[action$="/end-others"] button').click();
  await page.waitForURL('**?ended=others');
  await look('account-alone');
  if (await ends().count()) faults.push('other sessions are left');
});
