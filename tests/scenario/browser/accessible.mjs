// What axe-core finds on a page of the gate that keeps somebody out: its findings of impact serious and critical. The gate's
// policy lets no foreign script in, so it runs in a world of its own (CDP), which the policy does not hold for.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// own: a session of the caller's to do it in, where one that ends would take something away (an authenticator).
export const serious = async (page, own) => {
  const session = own ?? await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const run = (expression) => session.send('Runtime.evaluate', { expression, contextId, awaitPromise: true, returnByValue: true });
    await run(axe);
    const { result, exceptionDetails } = await run(`axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(
      found.violations.filter((each) => ['serious', 'critical'].includes(each.impact))
        .map((each) => each.id + ': ' + each.nodes.map((node) => node.html.slice(0, 100)).join(' | '))))`);
    if (exceptionDetails) throw new Error(`axe: ${exceptionDetails.exception?.description || exceptionDetails.text}`);
    return JSON.parse(result.value);
  } finally {
    if (!own) await session.detach();
  }
};
