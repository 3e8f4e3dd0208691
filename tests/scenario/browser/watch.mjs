// A Chromium that is watched: what it logged, which hosts it spoke to, whether a secret passed by, whether a page scrolls sideways.
// task: {secrets: [text], out: folder, scheme, width, height, script, keyboard, refusals: statuses that are awaited, 401 if none are named}
import { chromium } from 'playwright-core';
import path from 'node:path';
import { serious } from './accessible.mjs';

export const quiet = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-extensions', '--no-first-run',
  '--disable-client-side-phishing-detection', '--disable-domain-reliability', '--metrics-recording-only',
  '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparencyComponentUpdater'];

// On a loaded machine Chromium now and then is "unable to capture screenshot": asked again, it is not.
export const picture = async (what, options) => {
  for (let attempt = 1; ; ++attempt) {
    try {
      return await what.screenshot(options);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};

export const watched = async (task) => {
  const steps = [], faults = [], seen = [], hosts = new Set();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: quiet });
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, colorScheme: task.scheme, javaScriptEnabled: task.script !== false,
    viewport: { width: task.width, height: task.height },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on('console', (message) => {
    // a 401 of a wrong password or code, or a 400 of a form with mistakes, is reported by Chromium itself as a console error; everything else is a fault
    const awaited = new RegExp(`status of (${(task.refusals || [400, 401, 409, 429]).join('|')})`);
    if (['error', 'warning'].includes(message.type()) && !awaited.test(message.text()) && !message.location().url.endsWith('/nowhere')) faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`page error: ${error}`));
  page.on('requestfailed', (request) => faults.push(`request failed: ${request.url()} ${request.failure()?.errorText}`));
  page.on('response', async (response) => {
    hosts.add(new URL(response.url()).host);
    const entry = { url: response.url(), headers: JSON.stringify(await response.allHeaders().catch(() => ({}))), body: '' };
    seen.push(entry);
    if (![301, 302, 303, 307, 308].includes(response.status())) entry.body = await response.text().catch(() => '');
  });

  const shot = async (name, whole = false) => {
    await picture(page, { path: path.join(task.out, `${task.scheme}-${task.width}-${name}.png`), fullPage: whole });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth).catch(() => 0);
    if (wide > 0) faults.push(`${name} scrolls sideways by ${wide} px at width ${task.width}`);
    steps.push({ name, url: page.url(), title: await page.title() });
  };

  // A picture of the whole page, judged by axe-core, too. own: see accessible.mjs.
  const look = async (name, own) => {
    await shot(name, true);
    if (task.script === false) return;
    for (const finding of await serious(page, own)) faults.push(`${name}: ${finding}`);
  };

  // A click; or, with task.keyboard, Tab until it has the focus, which must be seen, then Enter.
  const press = async (what) => {
    if (!task.keyboard) return what.click();
    const target = await what.elementHandle();
    for (let i = 0; i < 60; ++i) {
      if (await target.evaluate((element) => element === document.activeElement)) {
        if ((await target.evaluate((element) => getComputedStyle(element).outlineStyle)) === 'none') faults.push(`no focus is shown on ${await what.textContent()}`);
        return page.keyboard.press('Enter');
      }
      await page.keyboard.press('Tab');
    }
    faults.push(`Tab does not reach ${await what.textContent()}`);
    return what.click();
  };

  // Runs `work` and prints what was seen, as one JSON object: {steps: [...], faults: [...]}.
  const judge = async (work) => {
    try {
      await work();
    } catch (error) {
      faults.push(`at ${page.url()}: ${error.message}`);
      await picture(page, { path: path.join(task.out, 'fault.png') }).catch(() => {});
    }
    await page.waitForLoadState().catch(() => {});
    for (const { url, headers, body } of seen) {
      for (const secret of task.secrets) if (url.includes(secret) || headers.includes(secret) || body.includes(secret)) faults.push(`a secret is in ${url}`);
    }
    steps.push({ name: 'hosts', hosts: [...hosts] });
    await browser.close();
    console.log(JSON.stringify({ steps, faults }));
  };
  return { context, page, steps, faults, shot, look, press, judge };
};

export const sign_in = async (page, user, password) => {
  await page.locator('input[name="user"]').fill(user);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('form:has(input[type=password]) [type=submit]').first().click();
};
