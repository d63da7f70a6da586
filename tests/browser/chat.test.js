/*
 * The page against a running stack: register → pick a model → ask → watch it
 * stream → stop → reload → still there → retry.
 *
 *   LLMSELECT_URL=http://127.0.0.1:8080 node --test tests/browser/chat.test.js
 *
 * The stack needs open registration and a provider `demo`.  Whatever the browser
 * complains of on the way (console, page errors, failed requests, the content
 * policy) fails the test.  Chromium is found at CHROMIUM or /usr/bin/chromium.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const require = createRequire(new URL('../../www/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const URL_VARIABLE = 'LLMSELECT_URL';
const base = process.env[URL_VARIABLE];

const BROWSER = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  viewport: { width: 1440, height: 900 },
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};

/* Signed out is an answer, and the browser logs every 401: this one is expected. */
const EXPECTED = [{ status: 401, path: '/api/v1/auth/me' }];

/*
 * Chromium calls a streamed response "aborted" when a page leaves it, as a reload
 * means to, and now and then one that was read to its very end (a bare fetch does
 * the same).  Whether the stream ended well is asserted by the answer's state,
 * which only the server's own last event can bring about.
 */
const isLeftStream = (request) =>
  /^\/api\/v1\/(chat\/stream|streams\/[^/]+)$/.test(new URL(request.url()).pathname) &&
  request.failure()?.errorText === 'net::ERR_ABORTED';

const GRAVE = new Set(['serious', 'critical']);

/* The first of these models that the server has is taken. */
const QUICK = ['demo', 'demo-fast'];
const LASTING = ['demo-long', 'demo-slow', 'demo'];

const account = { username: `browser-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' };

let context;
let page;
let profile;
const complaints = [];

const isExpected = (url, status) =>
  EXPECTED.some((row) => row.path === new URL(url).pathname && (!status || row.status === status));

function listen() {
  page.on('pageerror', (error) => complaints.push(`page error: ${error.stack}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    if (message.text().includes('401') && isExpected(message.location().url, 401)) return;
    complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    if (isLeftStream(request)) return;
    complaints.push(`request failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() < 400 || isExpected(response.url(), response.status())) return;
    complaints.push(`HTTP ${response.status()}: ${response.request().method()} ${response.url()}`);
  });
}

function assertNoComplaints() {
  assert.deepEqual(complaints.splice(0), [], 'the browser complained');
}

/* Runs axe from outside the page, so that the content policy stays as it is. */
async function assertAccessible(where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const grave = violations
    .filter(({ impact }) => GRAVE.has(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
  assert.deepEqual(grave, [], `${where}: not accessible`);
}

const box = () => page.getByRole('textbox', { name: 'Message' });
const stopButton = () => page.getByRole('button', { name: 'Stop (cancel)' });
const lastAnswer = () => page.locator('[data-role="assistant"]').last();
const answerText = () => lastAnswer().locator('.answer').innerText({ timeout: 1000 }).catch(() => '');

async function pickModel(wanted) {
  const picker = page.getByRole('combobox', { name: 'Model' });
  await picker.waitFor();
  const options = await picker.locator('option').evaluateAll((all) => all.map((each) => each.value));
  const value = wanted.map((name) => `demo\n${name}`).find((each) => options.includes(each));
  assert.ok(value, `the demo provider has none of ${wanted.join(', ')}; it has ${options.join(' | ')}`);
  await picker.selectOption(value);
}

async function ask(question) {
  await box().fill(question);
  await box().press('Enter');
  assert.equal(await box().inputValue(), '', 'sending empties the box');
}

async function stateBecomes(...states) {
  const wanted = states.map((state) => `[data-role="assistant"][data-state="${state}"]`).join(', ');
  await lastAnswer().and(page.locator(wanted)).waitFor({ timeout: 60_000 });
}

/* Resolves when the text was seen with `steps` different lengths, each longer. */
async function seenGrowing(steps) {
  const lengths = [];
  const end = Date.now() + 60_000;
  while (lengths.length < steps && Date.now() < end) {
    const { length } = await answerText();
    if (length > (lengths.at(-1) ?? 0)) lengths.push(length);
    await page.waitForTimeout(60);
  }
  assert.equal(lengths.length, steps, `the text did not grow before our eyes: ${lengths}`);
}

before(async () => {
  assert.ok(
    base,
    `${URL_VARIABLE} is not set. Start the stack and give its address, as in ` +
      `${URL_VARIABLE}=http://127.0.0.1:8080 node --test tests/browser/chat.test.js`,
  );
  profile = mkdtempSync(join(tmpdir(), 'llmselect-browser-'));
  context = await chromium.launchPersistentContext(profile, BROWSER);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page = await context.newPage();
  listen();
});

after(async () => {
  await context?.close();
  if (profile) rmSync(profile, { recursive: true, force: true });
});

test('a stranger meets the sign-in page', async () => {
  const response = await page.goto(base);
  const policy = response.headers()['content-security-policy'] ?? '';
  assert.match(policy, /default-src 'none'/, 'the page comes with a content policy');
  assert.doesNotMatch(policy, /unsafe/);
  await page.getByRole('button', { name: /Sign in|Create account/ }).first().waitFor();
  await assertAccessible('sign in');
  assertNoComplaints();
});

test('registering leads to an empty chat', async () => {
  const create = page.getByRole('button', { name: 'Create one' });
  const heading = page.getByRole('heading', { name: 'Create account' });
  await create.or(heading).first().waitFor();
  if (await create.isVisible()) await create.click();
  await page.getByLabel('User name').fill(account.username);
  await page.getByLabel('Password').fill(account.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'What would you like to ask?' }).waitFor();
  await page.getByRole('combobox', { name: 'Model' }).waitFor();
  await assertAccessible('empty chat');
  assertNoComplaints();
});

test('an answer streams to its end', async () => {
  await pickModel(QUICK);
  await ask('What is a hash table?');
  await seenGrowing(2);
  await stateBecomes('complete');
  await page.waitForURL(/\/c\/[^/]+$/);
  assert.match(await lastAnswer().locator('.facts').innerText(), /to first/);
  await page.locator('.conversation[aria-current="page"]').waitFor();
  await assertAccessible('answered');
  assertNoComplaints();
});

test('Stop keeps what came, and a reload shows it again', async () => {
  await pickModel(LASTING);
  await ask('Go on, at length.');
  await seenGrowing(4);
  await stopButton().click();
  await stateBecomes('cancelled');
  assert.match(await lastAnswer().innerText(), /Stopped\. [\d,]+ words? kept\./);
  const kept = await answerText();
  assert.ok(kept.length > 0);

  await page.reload();
  await stateBecomes('cancelled');
  assert.equal(await answerText(), kept, 'the same text after a reload');
  assert.equal(await page.locator('[data-role="user"]').count(), 2);
  assert.match(await lastAnswer().innerText(), /Stopped\. [\d,]+ words? kept\./);
  assertNoComplaints();
});

test('a reload in mid-answer joins it, and it goes on to its end', async () => {
  await pickModel(QUICK);
  await ask('And once more?');
  await seenGrowing(2);
  const before = (await answerText()).length;
  const joined = page.waitForResponse((response) => /\/streams\/[^/]+$/.test(response.url()));
  await page.reload();
  assert.match((await joined).headers()['content-type'], /^text\/event-stream/);
  await seenGrowing(2);
  await stateBecomes('complete');
  assert.ok((await answerText()).length > before);
  const shown = await answerText();
  await page.reload();
  await stateBecomes('complete');
  assert.equal(await answerText(), shown, 'what was joined is what is kept');
  assertNoComplaints();
});

test('Stop before the first word is honoured', async () => {
  await pickModel(['demo-slow', ...LASTING]);
  await ask('Never mind.');
  await stopButton().click();
  await stateBecomes('cancelled');
  assert.match(await lastAnswer().innerText(), /Stopped/);
  assertNoComplaints();
});

test('Retry answers the same question again, in place', async () => {
  const questions = await page.locator('[data-role="user"]').count();
  await pickModel(['demo-fast', ...QUICK]);
  await lastAnswer().getByRole('button', { name: 'Retry' }).click();
  await seenGrowing(1);
  await stateBecomes('complete');
  assert.equal(await page.locator('[data-role="user"]').count(), questions, 'the question is not asked twice');
  assert.equal(await page.locator('[data-role="assistant"]').count(), questions);
  await page.reload();
  await stateBecomes('complete');
  assert.equal(await page.locator('[data-role="assistant"]').count(), questions);
  assertNoComplaints();
});

test('the keys dialog is usable in both themes', async () => {
  for (const theme of ['Dark theme', 'Light theme']) {
    await page.getByRole('button', { name: theme }).click();
    await page.getByRole('button', { name: 'Keys', exact: true }).first().click();
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.waitForTimeout(400); // its entrance fades in, which axe would measure
    await assertAccessible(`keys, after “${theme}”`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
  }
  assertNoComplaints();
});

test('nothing secret and no text is left in the browser, and signing out ends it', async () => {
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  for (const word of ['hash table', 'token', account.password, 'Never mind']) {
    assert.ok(!stored.includes(word), `browser storage holds “${word}”: ${stored}`);
  }
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.getByText('Never mind.').count(), 0);
  assertNoComplaints();
});
