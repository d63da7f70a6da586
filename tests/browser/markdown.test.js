/*
 * What a model's Markdown becomes: tables, code, maths, images and links, in both
 * themes; and the size of what the first load fetches.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startStack } from '../flow/harness.js';
import { openPage } from './lib/page.js';
import { startSpeaker } from './lib/speaker.js';

const FIRST_LOAD_MAX = 250 * 1024;

const CODE = 'function add(a, b) {\n\t// sums\n\treturn a + b;\n}\n\nadd(1, "2");\n';
const PLAIN = 'Two **words**, and a [manual](https://docs.example/a).\n\n- one\n- two';
const RICH = [
  '## A heading',
  'Two **words**, a [manual](https://docs.example/a), https://plain.example and `code`.',
  '| Name | Size |\n|:-----|-----:|\n| one | 1 |\n| two | 22 |',
  `\`\`\`js\n${CODE}\`\`\``,
  'Inline \\(e^{i\\pi} + 1 = 0\\), for $5, and apart:',
  '$$\n\\int_0^1 \\frac{x^2}{\\sqrt{1 + x}}\\,dx\n$$',
  '![A chart](https://img.example/c.png)',
  '- [x] done\n- [ ] to do\n\n> Quoted.',
  '```mermaid\ngraph TD; A-->B\n```',
  'The end.',
].join('\n\n');

let speaker;
let stack;
let visitor;
let page;
const asked = [];

before(async () => {
  speaker = await startSpeaker({ plain: PLAIN, rich: RICH }, { tokens: 3, everyMs: 5 });
  stack = await startStack({ settings: speaker.settings });
  visitor = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
  page = visitor.page;
  page.on('request', (request) => asked.push(request.url()));
});

after(async () => {
  await visitor?.close();
  await stack?.stop();
  speaker?.stop();
});

test('the first load has at most 250 KB of script, compressed', async () => {
  await page.goto(stack.url);
  await visitor.register({ username: `browser-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' });
  let size = 0;
  for (const url of asked.filter((each) => each.endsWith('.js')))
    size += gzipSync(Buffer.from(await (await page.request.get(url)).body())).length;
  assert.ok(size > 10_000, `no script was counted: ${size}`);
  assert.ok(size <= FIRST_LOAD_MAX, `${size} bytes of script`);
  console.log(`first load: ${size} bytes of script, compressed`);
});

test('a text without maths and code fetches nothing for them', async () => {
  await visitor.pickModel([speaker.model], 'speaker');
  await visitor.ask('say:plain');
  await visitor.stateBecomes('complete');
  assert.equal(await visitor.lastAnswer().locator('li').count() > 1, true);
  assert.deepEqual(asked.filter((url) => /maths|KaTeX|highlighter/.test(url)), []);
});

test('tables, code, maths and lists are drawn, from our own host', async () => {
  await visitor.ask('say:rich');
  await visitor.stateBecomes('complete');
  const answer = visitor.lastAnswer();
  await answer.locator('.katex-display').waitFor();
  await answer.locator('.hljs-keyword').first().waitFor();
  assert.equal(await answer.locator('.katex').count(), 2);
  assert.equal(await answer.locator('tbody tr').count(), 2);
  assert.equal(await answer.getByText('for $5, and apart').count(), 1);
  await page.evaluate(() => document.fonts.ready);
  const fonts = asked.filter((url) => /KaTeX.*\.woff2$/.test(url));
  assert.ok(fonts.length > 0, 'the fonts of formulas were not fetched');
  // The policy lets a style set by script stand: the fraction's line is where it belongs.
  const [bar, root] = await Promise.all([answer.locator('.frac-line').first().boundingBox(), answer.locator('.katex-display').boundingBox()]);
  assert.ok(bar.y > root.y && bar.y < root.y + root.height, 'the fraction is not in its formula');
  assert.ok(root.height > 30 && root.height < 90, `the formula is ${root.height} px high`);
  assert.deepEqual(asked.filter((url) => !url.startsWith(stack.url)), []);
  visitor.assertNoComplaints();
});

test('code is copied as it is', async () => {
  const block = visitor.lastAnswer().locator('.code-block').first();
  await block.getByRole('button', { name: 'Copy code' }).click();
  await block.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), CODE);
});

test('links say where they lead and open apart; images are links', async () => {
  const links = await visitor.lastAnswer().locator('a').evaluateAll((all) =>
    all.map(({ textContent, title, href, target, rel }) => ({ textContent, titled: title !== '', href, target, rel })));
  const link = (textContent, href) => ({ textContent, titled: true, href, target: '_blank', rel: 'noopener noreferrer' });
  assert.deepEqual(links, [
    link('manual', 'https://docs.example/a'),
    link('https://plain.example', 'https://plain.example/'),
    link('Open image from img.example', 'https://img.example/c.png'),
  ]);
  await visitor.lastAnswer().getByText('(docs.example)').waitFor();
  assert.equal(await visitor.lastAnswer().locator('img').count(), 0);
});

test('all of it is accessible in both themes', async () => {
  for (const theme of ['dark', 'light']) {
    await page.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
    await visitor.assertAccessible(`Markdown, ${theme}`);
    if (process.env.SHOTS) {
      for (const width of [1440, 900, 390]) {
        await page.setViewportSize({ width, height: 1400 });
        await page.screenshot({ path: `${process.env.SHOTS}/markdown-${theme}-${width}.png` });
      }
      await page.setViewportSize({ width: 1440, height: 900 });
    }
  }
  visitor.assertNoComplaints();
});

test('after a reload it is drawn as before', async () => {
  const before = await visitor.answerText();
  await page.reload();
  await visitor.stateBecomes('complete');
  await visitor.lastAnswer().locator('.katex-display').waitFor();
  await visitor.lastAnswer().locator('.hljs-keyword').first().waitFor();
  assert.equal(await visitor.answerText(), before);
  visitor.assertNoComplaints();
});
