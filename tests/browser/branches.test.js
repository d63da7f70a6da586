/*
 * A conversation that branches, as a person sees it: a question edited in its
 * place, an answer made again, and the way back to each; and the parameters of a
 * question, from the field to the provider.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startStack } from '../flow/harness.js';
import { asked } from '../flow/lib/turn.js';
import { openPage } from './lib/page.js';

/* Names of the demo provider: what they answer, and the tag they are found by. */
const TAG = 'branches';
const TAGGED = `demo:tokens-12:pace-0:tag-${TAG}`;
const PLAIN = 'demo:tokens-12:pace-0:tag-plain';
const PICKY = 'demo:tokens-12:pace-0:no-temperature';

const model = (id, name, capabilities) => ({
  id, provider: 'demo', name, context: 32000, max_output: null, capabilities,
  price: { input: 2, output: 8, cached: null, currency: 'USD', source: 'a test', date: '2026-11-22' },
});

const MODELS = [
  model(TAGGED, 'Takes all', { temperature: true, reasoning: true, system: true }),
  model(PLAIN, 'Thinks not', { temperature: true, reasoning: false, system: true }),
  model(PICKY, 'Picky', { temperature: true, reasoning: true, system: true }),
];

/* The models, once the server has asked the provider for its list. */
const isListed = async (response) =>
  response.url().endsWith('/api/v1/models') &&
  (await response.json()).providers.every(({ refreshing }) => !refreshing);

let dir;
let stack;
let visitor;
let page;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'llms-models-'));
  writeFileSync(join(dir, 'models.json'), JSON.stringify({ date: '2026-11-22', models: MODELS }));
  stack = await startStack({ settings: `[server]\nmodels = ${dir}/models.json\n` });
  visitor = await openPage();
  page = visitor.page;
  await page.goto(stack.url);
  const listed = page.waitForResponse(isListed);
  await visitor.register({ username: `browser-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' });
  await listed;
});

after(async () => {
  await visitor?.close();
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const questions = () => page.locator('[data-role="user"] .bubble').allInnerTexts();
const shown = (text) => page.locator('.bubble', { hasText: text }).waitFor();
const versions = (role) => page.locator(`[data-role="${role}"] .branches-count`);
const question = (n) => page.locator('[data-role="user"]').nth(n);
const editor = () => page.getByRole('textbox', { name: 'Edit the question' });
const parameters = () => page.getByRole('button', { name: /^Parameters/ });

/* The answers end at once; by the time the server replies the new one is drawn. */
async function answered(act) {
  const answer = page.waitForResponse((response) => response.url().endsWith('/chat/stream'));
  await act();
  await answer;
  await visitor.stateBecomes('complete');
}

const ask = (text) => answered(() => visitor.ask(text));

const lastSent = async () => (await asked(stack, TAG)).at(-1).json;

test('an edited question stands beside the one it replaces', async () => {
  await visitor.pickModel([TAGGED]);
  await ask('One?');
  await ask('Two?');
  await ask('Three?');
  await question(1).hover();
  await question(1).getByRole('button', { name: 'Edit' }).click();
  await editor().fill('Zwei?');
  await answered(() => editor().press('Enter'));
  assert.deepEqual(await questions(), ['One?', 'Zwei?']);
  assert.deepEqual(await versions('user').allInnerTexts(), ['2/2']);
  visitor.assertNoComplaints();
});

test('the one before is a button away, and a reload keeps the branch shown', async () => {
  await page.getByRole('button', { name: 'Previous question' }).click();
  await shown('Three?');
  assert.deepEqual(await questions(), ['One?', 'Two?', 'Three?']);
  assert.deepEqual(await versions('user').allInnerTexts(), ['1/2']);
  await visitor.reload();
  await shown('Three?');
  assert.deepEqual(await questions(), ['One?', 'Two?', 'Three?']);
  visitor.assertNoComplaints();
});

test('the arrows of the keyboard lead from one to the other', async () => {
  await page.getByRole('button', { name: 'Previous question' }).focus();
  await page.keyboard.press('ArrowRight');
  await shown('Zwei?');
  await page.keyboard.press('ArrowLeft');
  await shown('Two?');
  await page.keyboard.press('ArrowRight');
  await shown('Zwei?');
  visitor.assertNoComplaints();
});

test('an answer made again stands beside the one before', async () => {
  await answered(() => page.getByRole('button', { name: 'Regenerate' }).click());
  assert.deepEqual(await versions('assistant').allInnerTexts(), ['2/2']);
  assert.deepEqual(await questions(), ['One?', 'Zwei?']);
  await page.getByRole('button', { name: 'Previous answer' }).click();
  await versions('assistant').getByText('1/2').waitFor();
  await visitor.reload();
  await versions('assistant').getByText('1/2').waitFor();
  assert.deepEqual(await versions('user').allInnerTexts(), ['2/2']);
  visitor.assertNoComplaints();
});

test('↑ edits the last question, and Esc gives up', async () => {
  await visitor.box().press('ArrowUp');
  assert.equal(await editor().inputValue(), 'Zwei?');
  await visitor.assertAccessible('editing');
  await editor().press('Escape');
  await editor().waitFor({ state: 'detached' });
  assert.ok(await visitor.box().evaluate((box) => box === document.activeElement));
  visitor.assertNoComplaints();
});

test('details say of each number whose it is', async () => {
  await visitor.lastAnswer().getByRole('button', { name: 'Details' }).click();
  const text = await visitor.lastAnswer().locator('.details').innerText();
  assert.match(text, /Output[\s\S]*counted by Demo/);
  assert.match(text, /Cost[\s\S]*≈ \$[\s\S]*prices of 2026-11-22/);
  visitor.assertNoComplaints();
});

test('parameters arrive at the provider', async () => {
  await parameters().click();
  await page.getByLabel('System prompt').fill('Be brief.');
  await page.getByLabel('Temperature').fill('0.5');
  await page.getByLabel('Max tokens').fill('50');
  await page.getByLabel('Reasoning effort').selectOption('low');
  await ask('With parameters?');
  const sent = await lastSent();
  assert.equal(sent.temperature, 0.5);
  assert.equal(sent.reasoning_effort, 'low');
  assert.equal(sent.max_tokens ?? sent.max_completion_tokens, 50);
  assert.deepEqual(sent.messages[0], { role: 'system', content: 'Be brief.' });
  visitor.assertNoComplaints();
});

test('they stay with the conversation, and the next one is fresh', async () => {
  await parameters().click();
  assert.equal(await page.getByLabel('Temperature').inputValue(), '0.5');
  const there = page.url();
  await page.getByRole('button', { name: 'New chat' }).first().click();
  await page.getByRole('heading', { name: 'What would you like to ask?' }).waitFor();
  assert.equal(await page.getByLabel('Temperature').inputValue(), '');
  assert.equal(await page.getByLabel('System prompt').inputValue(), '');
  await page.goBack();
  await page.waitForURL(there);
  await shown('With parameters?');
  assert.equal(await page.getByLabel('Temperature').inputValue(), '0.5');
  assert.equal(await page.getByLabel('System prompt').inputValue(), 'Be brief.');
  visitor.assertNoComplaints();
});

test('one that the server refuses is told at its field, and nothing typed is lost', async () => {
  await page.getByLabel('Temperature').fill('3');
  await visitor.box().fill('Too warm?');
  await visitor.box().press('Enter');
  await page.getByText('Use a number from 0 to 2.').waitFor();
  assert.equal(await page.getByLabel('Temperature').getAttribute('aria-invalid'), 'true');
  assert.equal(await visitor.box().inputValue(), 'Too warm?');
  await visitor.assertAccessible('a refused parameter');
  visitor.assertOnlyComplaints(/422/);
  await page.getByLabel('Temperature').fill('1');
  await answered(() => visitor.box().press('Enter'));
  assert.equal(await page.getByText('Use a number').count(), 0);
  visitor.assertNoComplaints();
});

test('a model is offered what it takes, and what it turned out not to take is told', async () => {
  await visitor.pickModel([PLAIN]);
  await parameters().click();
  assert.equal(await page.getByLabel('Reasoning effort').count(), 0);
  await visitor.pickModel([PICKY]);
  await page.getByLabel('Reasoning effort').waitFor();
  await ask('Without?');
  await visitor.lastAnswer().getByText('This model does not take a temperature, so it was not sent.').waitFor();
  visitor.assertNoComplaints();
});

test('the list of models is searched and worked by keyboard, in both themes', async () => {
  for (const theme of ['Dark theme', 'Light theme']) {
    await page.getByRole('button', { name: theme }).click();
    await visitor.modelButton().click();
    await page.waitForTimeout(300); // its entrance fades in, which axe would measure
    await visitor.assertAccessible(`models, after “${theme}”`);
    await page.keyboard.type('takes');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Choose a model' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Model: Takes all' }).waitFor();
    await parameters().click();
    await visitor.assertAccessible(`parameters, after “${theme}”`);
    await parameters().click();
  }
  visitor.assertNoComplaints();
});

test('a phone has room for all of it', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await parameters().click();
  await visitor.modelButton().click();
  await page.waitForTimeout(300);
  await visitor.assertAccessible('models on a phone');
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.equal(await wide(), 0);
  await page.keyboard.press('Escape');
  await visitor.box().press('ArrowUp');
  await editor().waitFor();
  await page.waitForTimeout(300);
  await visitor.assertAccessible('editing on a phone');
  assert.equal(await wide(), 0);
  assert.ok(await page.getByRole('button', { name: 'Cancel' }).isVisible());
  await editor().press('Escape');
  visitor.assertNoComplaints();
});
