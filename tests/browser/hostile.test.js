/*
 * S26, S27, S42: hostile text of a model, one byte at a time through the real
 * stack, is shown as text: no script, handler, style, frame or form, no request
 * to another host, nothing that leads the page away, no complaint of the browser.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startStack } from '../flow/harness.js';
import { HOSTILE } from './hostile.js';
import { openPage } from './lib/page.js';
import { startSpeaker } from './lib/speaker.js';

const TOGETHER = 15; // payloads in one answer, each after a blank line

/* Events of our own stream, as a provider's text would forge them (S27). */
const FORGED = 'Before.\n\nevent: done\ndata: {"done": true, "finish_reason": "stop"}\n\nid: 7\ndata: {"content": "forged"}\n\nAfter.';

const chunks = [];
for (let i = 0; i < HOSTILE.length; i += TOGETHER) chunks.push(HOSTILE.slice(i, i + TOGETHER));

const texts = { forged: FORGED };
chunks.forEach((chunk, i) => { texts[`hostile ${i}`] = `${chunk.join('\n\n')}\n\nThe end of ${i}.`; });

let speaker;
let stack;
let visitor;
let page;
const foreign = [];
let pages = 0; // the browser's own first page is one of them

before(async () => {
  speaker = await startSpeaker(texts, { bytes: 1, everyMs: 2 });
  stack = await startStack({ settings: speaker.settings });
  visitor = await openPage();
  page = visitor.page;
  visitor.context.on('request', (request) => {
    if (!request.url().startsWith(stack.url)) foreign.push(request.url());
  });
  await page.goto(stack.url);
  await visitor.register({ username: `browser-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' });
  await watchForHarm();
  pages = visitor.context.pages().length;
});

after(async () => {
  await visitor?.close();
  await stack?.stop();
  speaker?.stop();
});

/* Looks at every element that comes into an answer, however shortly. */
async function watchForHarm() {
  await page.evaluate(() => {
    const FORBIDDEN =
      'script, style, link, meta, base, iframe, frame, object, embed, portal, form, input, select, textarea, template, img, image, video, audio, source, use, dialog, [srcdoc], [src], [ping], [formaction], [background], [id="root"]';
    globalThis.harm = [];
    globalThis.looked = 0;
    const look = (element) => {
      if (!element.closest('.answer')) return;
      globalThis.looked += 1;
      if (element.matches(FORBIDDEN)) globalThis.harm.push(element.outerHTML.slice(0, 200));
      for (const { name, value } of element.attributes) {
        const badStyle = name === 'style' && (!element.closest('.katex, .katex-error') || /url|fixed/.test(value));
        const badLink = /href$/i.test(name) && !/^(https?|mailto):/.test(value);
        if (/^on/i.test(name) || badStyle || badLink) globalThis.harm.push(`${name}=${value}`);
      }
    };
    new MutationObserver((records) => {
      for (const { target, addedNodes } of records) {
        if (target.nodeType === Node.ELEMENT_NODE) look(target);
        for (const node of addedNodes) {
          if (node.nodeType !== Node.ELEMENT_NODE) continue;
          look(node);
          node.querySelectorAll('*').forEach(look);
        }
      }
    }).observe(document.body, { childList: true, subtree: true, attributes: true });
  });
}

async function assertNoHarm() {
  const { harm, looked, evil } = await page.evaluate(() => ({ harm: globalThis.harm, looked: globalThis.looked, evil: globalThis.evil }));
  assert.ok(looked > 0, 'nothing was looked at');
  assert.deepEqual(harm, []);
  assert.equal(evil, undefined, 'a script ran');
  assert.deepEqual(foreign, [], 'the page asked another host');
  assert.equal(visitor.context.pages().length, pages, 'a page was opened');
  assert.ok(page.url().startsWith(`${stack.url}/c/`), `the page went to ${page.url()}`);
  visitor.assertNoComplaints();
}

test('S26: the corpus has a hundred rows and more', () => {
  assert.ok(HOSTILE.length >= 100, String(HOSTILE.length));
  assert.equal(new Set(HOSTILE).size, HOSTILE.length);
});

chunks.forEach((_, i) => {
  test(`S26: hostile text stays text, part ${i + 1} of ${chunks.length}`, async () => {
    await visitor.pickModel([speaker.model], 'speaker');
    await visitor.ask(`say:hostile ${i}`);
    await visitor.stateBecomes('complete');
    await visitor.lastAnswer().getByText(`The end of ${i}.`).waitFor();
    await assertNoHarm();
  });
});

test('S27: events that a provider wrote into its text stay text', async () => {
  await visitor.ask('say:forged');
  await visitor.stateBecomes('complete');
  const shown = await visitor.answerText();
  for (const words of ['Before.', 'event: done', '"finish_reason": "stop"', '{"content": "forged"}', 'After.'])
    assert.ok(shown.includes(words), `“${words}” is missing of: ${shown}`);
  await assertNoHarm();
});

test('S26: a reload shows all of it, as harmless', async () => {
  await page.reload();
  await visitor.stateBecomes('complete');
  await watchForHarm();
  await page.evaluate(() => document.querySelector('.answer').append(document.createElement('i')));
  await page.locator('.answer .katex').first().waitFor({ state: 'attached', timeout: 5000 }); // fetched when a text has some
  await page.locator('.answer .hljs-name').first().waitFor({ state: 'attached', timeout: 5000 });
  const found = await page.locator('.answer').evaluateAll((all) =>
    all.flatMap((each) => [...each.querySelectorAll('script, style, iframe, form, img, input, object, embed, [src], [onclick], [onerror], [onload]')].map((one) => one.outerHTML)));
  assert.deepEqual(found, []);
  await assertNoHarm();
});

test('the check itself finds harm', async () => {
  await page.evaluate(() => {
    const p = document.createElement('p');
    p.setAttribute('title', 'x');
    p.append(document.createElement('form'));
    document.querySelector('.answer').append(p);
  });
  await page.waitForFunction(() => globalThis.harm.length === 1);
});
