/*
 * A browser, and the page in it as a person sees it.  Whatever the browser
 * complains of on the way (console, page errors, failed requests, the content
 * policy) is kept for assertNoComplaints().  Chromium is found at CHROMIUM or
 * /usr/bin/chromium.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../../../www/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const BROWSER = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  viewport: { width: 1440, height: 900 },
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
  ],
};

/*
 * Signed out is an answer, and the browser logs every 401: this one is expected.
 * A test that means to be refused adds rows of its own; `path` is a text, or a
 * pattern.
 */
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

const fits = (path, pathname) => (path instanceof RegExp ? path.test(pathname) : path === pathname);

function listen(page, complaints, expected) {
  const isExpected = (url, status) =>
    expected.some((row) => row.status === status && fits(row.path, new URL(url).pathname));

  page.on('pageerror', (error) => complaints.push(`page error: ${error.stack}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const status = Number(/status of (\d{3})/.exec(message.text())?.[1]);
    if (status && isExpected(message.location().url, status)) return;
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

/* What a person does, and what is seen. */
class Visitor {
  constructor(context, page, profile, expected) {
    Object.assign(this, { context, page, profile, complaints: [], asking: new Set() });
    page.on('request', (request) => this.asking.add(request));
    for (const end of ['requestfinished', 'requestfailed']) {
      page.on(end, (request) => this.asking.delete(request));
    }
    listen(page, this.complaints, [...EXPECTED, ...expected]);
  }

  /* Reloads when nothing is being asked that the reload would break off. */
  async reload() {
    const end = Date.now() + 10_000;
    while (this.asking.size > 0 && Date.now() < end) await this.page.waitForTimeout(20);
    await this.page.reload();
  }

  async close() {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  assertNoComplaints() {
    assert.deepEqual(this.complaints.splice(0), [], 'the browser complained');
  }

  /* For what is meant to be refused: the browser says so, and nothing else. */
  assertOnlyComplaints(pattern) {
    const complaints = this.complaints.splice(0);
    assert.ok(complaints.length > 0, `nobody complained of ${pattern}`);
    assert.deepEqual(complaints.filter((each) => !pattern.test(each)), [], 'the browser complained');
  }

  /*
   * Runs axe from outside the page, so that the content policy stays as it is.  What fades in
   * has other colours on the way; what blinks for ever is not waited for.
   */
  async assertAccessible(where) {
    await this.page.evaluate(async () => {
      const frame = () => new Promise((next) => requestAnimationFrame(next));
      for (let i = 0; i < 3; i++) await frame(); // what a click brings begins by then
      const ending = document.getAnimations().filter((each) => each.effect.getComputedTiming().endTime !== Infinity);
      await Promise.allSettled(ending.map((each) => each.finished));
    });
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document));
    const grave = violations
      .filter(({ impact }) => GRAVE.has(impact))
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${node.any[0]?.message})`).join(', ')}`);
    assert.deepEqual(grave, [], `${where}: not accessible`);
  }

  box() {
    return this.page.getByRole('textbox', { name: 'Message' });
  }

  stopButton() {
    return this.page.getByRole('button', { name: 'Stop (cancel)' });
  }

  lastAnswer() {
    return this.page.locator('[data-role="assistant"]').last();
  }

  answerText() {
    return this.lastAnswer().locator('.answer').innerText({ timeout: 1000 }).catch(() => '');
  }

  /* Signed in on the empty chat, as a new user. */
  async register({ username, password }) {
    const create = this.page.getByRole('button', { name: 'Create one' });
    const heading = this.page.getByRole('heading', { name: 'Create account' });
    await create.or(heading).first().waitFor();
    if (await create.isVisible()) await create.click();
    await this.page.getByLabel('User name').fill(username);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Create account' }).click();
    await this.page.getByRole('heading', { name: 'What would you like to ask?' }).waitFor();
    await this.modelButton().waitFor();
  }

  modelButton() {
    return this.page.getByRole('button', { name: /^Model: / });
  }

  /* An entry of the menu behind one's name. */
  async menu(entry) {
    await this.page.getByRole('button', { name: /^Account of / }).click();
    await this.page.getByRole('menuitem', { name: entry }).click();
  }

  /* The dialog of that name, once its entrance is over, which axe would measure. */
  async dialog(name) {
    const dialog = this.page.getByRole('dialog', { name, exact: true });
    await dialog.waitFor();
    await dialog.evaluate((box) => Promise.all(box.getAnimations().map((each) => each.finished)));
    return dialog;
  }

  /* The first of the wanted models that the provider has. */
  async pickModel(wanted, provider = 'demo') {
    await this.modelButton().click();
    const options = this.page.getByRole('dialog', { name: 'Choose a model' }).getByRole('option');
    await options.first().waitFor();
    const known = await options.evaluateAll((all) =>
      all.map(({ dataset }) => ({ provider: dataset.provider, model: dataset.model })),
    );
    const name = wanted.find((each) => known.some((it) => it.provider === provider && it.model === each));
    const names = known.map((it) => `${it.provider} ${it.model}`).join(' | ');
    assert.ok(name, `${provider} has none of ${wanted.join(', ')}; there is ${names}`);
    await options.and(this.page.locator(`[data-provider="${provider}"][data-model="${name}"]`)).click();
    await this.page.getByRole('dialog', { name: 'Choose a model' }).waitFor({ state: 'detached' });
  }

  async ask(question) {
    await this.box().fill(question);
    await this.box().press('Enter');
    assert.equal(await this.box().inputValue(), '', 'sending empties the box');
  }

  async stateBecomes(...states) {
    const wanted = states.map((state) => `[data-role="assistant"][data-state="${state}"]`).join(', ');
    await this.lastAnswer().and(this.page.locator(wanted)).waitFor({ timeout: 60_000 });
  }

  /* A conversation that was had before, without the page. */
  async converse(question) {
    const status = await this.page.evaluate(async (message) => {
      const me = await fetch('/api/v1/auth/me').then((response) => response.json());
      const response = await fetch('/api/v1/chat', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': me.csrf_token },
        body: JSON.stringify({ provider: 'demo', model: 'demo:tokens-3:pace-0', message }),
      });
      await response.json();
      return response.status;
    }, question);
    assert.equal(status, 200, `“${question}” was not answered`);
  }

  /* A conversation in the list, by its whole title or a pattern. */
  row(title) {
    return this.page.getByRole('link', { name: title, exact: true }).and(this.page.locator('.conversation'));
  }

  async openMenu(title) {
    await this.row(title).hover();
    await this.page.locator('.conversation-row', { has: this.row(title) })
      .getByRole('button', { name: /^Options of/ }).click();
    await this.page.getByRole('menu').waitFor();
  }

  async choose(title, item) {
    await this.openMenu(title);
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
    await this.page.getByRole('menu').waitFor({ state: 'detached' });
  }

  /* Does what makes the list be asked for again, and waits until it has come. */
  async renewing(work) {
    const renewed = this.page.waitForResponse((response) => /\/conversations\?/.test(response.url()));
    await work();
    await (await renewed).finished();
  }

  async eventually(holds, what) {
    const end = Date.now() + 30_000;
    while (!(await holds())) {
      assert.ok(Date.now() < end, `in 30 s it never was so: ${what}`);
      await this.page.waitForTimeout(100);
    }
  }

  /* Resolves when the text was seen with `steps` different lengths, each longer. */
  async seenGrowing(steps) {
    const lengths = [];
    const end = Date.now() + 60_000;
    while (lengths.length < steps && Date.now() < end) {
      const { length } = await this.answerText();
      if (length > (lengths.at(-1) ?? 0)) lengths.push(length);
      await this.page.waitForTimeout(60);
    }
    assert.equal(lengths.length, steps, `the text did not grow before our eyes: ${lengths}`);
  }
}

/* `expected` are more rows of EXPECTED; the rest are options of the browser. */
export async function openPage({ expected = [], ...options } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'llmselect-browser-'));
  const context = await chromium.launchPersistentContext(profile, { ...BROWSER, ...options });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return new Visitor(context, await context.newPage(), profile, expected);
}
