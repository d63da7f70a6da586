/*
 * The page against a running stack: register → pick a model → ask → watch it
 * stream → stop → reload → still there → retry.
 *
 *   LLMSELECT_URL=http://127.0.0.1:8080 node --test tests/browser/chat.test.js
 *
 * The stack needs open registration and a provider `demo`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openPage } from './lib/page.js';

const URL_VARIABLE = 'LLMSELECT_URL';
const base = process.env[URL_VARIABLE];

/* The first of these models that the server has is taken. */
const QUICK = ['demo', 'demo-fast'];
const LASTING = ['demo-long', 'demo-slow', 'demo'];

const account = { username: `browser-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' };

let visitor;
let page;

before(async () => {
  assert.ok(
    base,
    `${URL_VARIABLE} is not set. Start the stack and give its address, as in ` +
      `${URL_VARIABLE}=http://127.0.0.1:8080 node --test tests/browser/chat.test.js`,
  );
  visitor = await openPage();
  page = visitor.page;
});

after(() => visitor?.close());

test('S28: a stranger meets the sign-in page, under a strict policy', async () => {
  const response = await page.goto(base);
  const policy = response.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/, 'the page comes with a content policy');
  assert.doesNotMatch(policy, /unsafe/);
  await page.getByRole('button', { name: /Sign in|Create account/ }).first().waitFor();
  await visitor.assertAccessible('sign in');
  visitor.assertNoComplaints();
});

test('registering leads to an empty chat', async () => {
  await visitor.register(account);
  await visitor.assertAccessible('empty chat');
  visitor.assertNoComplaints();
});

test('an answer streams to its end', async () => {
  await visitor.pickModel(QUICK);
  await visitor.ask('What is a hash table?');
  await visitor.seenGrowing(2);
  await visitor.stateBecomes('complete');
  await page.waitForURL(/\/c\/[^/]+$/);
  assert.match(await visitor.lastAnswer().locator('.facts').innerText(), /to first/);
  await page.locator('.conversation[aria-current="page"]').waitFor();
  await visitor.assertAccessible('answered');
  visitor.assertNoComplaints();
});

test('Stop keeps what came, and a reload shows it again', async () => {
  await visitor.pickModel(LASTING);
  await visitor.ask('Go on, at length.');
  await visitor.seenGrowing(4);
  await visitor.stopButton().click();
  await visitor.stateBecomes('cancelled');
  assert.match(await visitor.lastAnswer().innerText(), /Stopped\. [\d,]+ words? kept\./);
  const kept = await visitor.answerText();
  assert.ok(kept.length > 0);

  await page.reload();
  await visitor.stateBecomes('cancelled');
  assert.equal(await visitor.answerText(), kept, 'the same text after a reload');
  assert.equal(await page.locator('[data-role="user"]').count(), 2);
  assert.match(await visitor.lastAnswer().innerText(), /Stopped\. [\d,]+ words? kept\./);
  visitor.assertNoComplaints();
});

test('a reload in mid-answer joins it, and it goes on to its end', async () => {
  await visitor.pickModel(QUICK);
  await visitor.ask('And once more?');
  await visitor.seenGrowing(2);
  const before = (await visitor.answerText()).length;
  const joined = page.waitForResponse((response) => /\/streams\/[^/]+$/.test(response.url()));
  await page.reload();
  assert.match((await joined).headers()['content-type'], /^text\/event-stream/);
  await visitor.seenGrowing(2);
  await visitor.stateBecomes('complete');
  assert.ok((await visitor.answerText()).length > before);
  const shown = await visitor.answerText();
  await page.reload();
  await visitor.stateBecomes('complete');
  assert.equal(await visitor.answerText(), shown, 'what was joined is what is kept');
  visitor.assertNoComplaints();
});

test('Stop before the first word is honoured', async () => {
  await visitor.pickModel(['demo-slow', ...LASTING]);
  await visitor.ask('Never mind.');
  await visitor.stopButton().click();
  await visitor.stateBecomes('cancelled');
  assert.match(await visitor.lastAnswer().innerText(), /Stopped/);
  visitor.assertNoComplaints();
});

test('Retry answers the same question again, in place', async () => {
  const questions = await page.locator('[data-role="user"]').count();
  await visitor.pickModel(['demo-fast', ...QUICK]);
  await visitor.lastAnswer().getByRole('button', { name: 'Retry' }).click();
  await visitor.seenGrowing(1);
  await visitor.stateBecomes('complete');
  assert.equal(await page.locator('[data-role="user"]').count(), questions, 'the question is not asked twice');
  assert.equal(await page.locator('[data-role="assistant"]').count(), questions);
  await page.reload();
  await visitor.stateBecomes('complete');
  assert.equal(await page.locator('[data-role="assistant"]').count(), questions);
  visitor.assertNoComplaints();
});

test('the keys dialog is usable in both themes', async () => {
  for (const theme of ['Dark theme', 'Light theme']) {
    await page.getByRole('button', { name: theme }).click();
    await visitor.menu('Keys');
    await visitor.dialog('Keys');
    await visitor.assertAccessible(`keys, after “${theme}”`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
  }
  visitor.assertNoComplaints();
});

test('S30: nothing secret and no text is left in the browser, and signing out ends it', async () => {
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  for (const word of ['hash table', 'token', account.password, 'Never mind']) {
    assert.ok(!stored.includes(word), `browser storage holds “${word}”: ${stored}`);
  }
  await visitor.menu('Sign out');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.getByText('Never mind.').count(), 0);
  visitor.assertNoComplaints();
});
