/*
 * The sidebar against a running stack: what is found, renamed, pinned, exported
 * and deleted in it, by pointer and by keys, and on a phone.
 *
 *   LLMSELECT_URL=http://127.0.0.1:8080 node --test tests/browser/sidebar.test.js
 *
 * The stack needs open registration and a provider `demo`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { openPage } from './lib/page.js';

const base = process.env.LLMSELECT_URL;
const account = { username: `sidebar-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' };

/* More than a page of the list. */
const MANY = 60;

let visitor;
let page;

before(async () => {
  assert.ok(base, 'LLMSELECT_URL is not set: the address of a running stack');
  visitor = await openPage();
  page = visitor.page;
  await page.goto(base);
  await visitor.register(account);
  // The titles are the questions' beginnings; what is looked for lies behind them.
  await visitor.converse('Alpha');
  await visitor.converse(`Beta ${'and so on '.repeat(10)} ending in a 50%_zebra`);
  await visitor.converse('Gamma');
  await page.reload();
  await visitor.row('Gamma').waitFor();
});

after(() => visitor?.close());

const titles = () => page.locator('.conversation-title').allInnerTexts();
const group = (name) => page.getByRole('region', { name, exact: true });
const searchBox = () => page.getByRole('searchbox', { name: 'Search conversations' });
const gone = (locator) => locator.waitFor({ state: 'detached' });

test('search finds what stands in a text, and Esc gives the list back', async () => {
  await page.keyboard.press('Control+k');
  await searchBox().and(page.locator(':focus')).waitFor();
  await page.keyboard.type('%_ZEB');
  await gone(visitor.row('Gamma'));
  assert.equal((await titles()).length, 1);
  assert.match((await titles())[0], /^Beta/);
  await page.getByText('1 conversation found').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.locator('a.conversation:focus').waitFor();
  await searchBox().fill('ngnix');
  await page.getByText('Nothing matches “ngnix”.').waitFor();
  await visitor.assertAccessible('nothing found');
  await searchBox().press('Escape');
  await visitor.row('Gamma').waitFor();
  assert.equal(await searchBox().inputValue(), '');
  visitor.assertNoComplaints();
});

test('the conversation that is being answered wears a mark', async () => {
  await visitor.pickModel(['demo-long', 'demo-slow', 'demo']);
  await visitor.ask('Go on, at length.');
  await visitor.seenGrowing(1);
  const row = page.locator('.conversation[aria-current="page"]', { hasText: 'Go on, at length.' });
  await row.locator('.running-mark').waitFor();
  await visitor.renewing(() => visitor.stopButton().click());
  await visitor.stateBecomes('cancelled');
  await gone(row.locator('.running-mark'));
  await visitor.choose(/^Go on/, 'Delete');
  await page.getByRole('button', { name: 'Close this note' }).click();
  await page.getByRole('heading', { name: 'What would you like to ask?' }).waitFor();
  visitor.assertNoComplaints();
});

test('rename in place, by keys alone', async () => {
  await visitor.row('Alpha').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Rename' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Enter');
  const box = page.getByRole('textbox', { name: 'Title' });
  await box.and(page.locator(':focus')).waitFor();
  await page.keyboard.type('Never kept');
  await page.keyboard.press('Escape');
  await visitor.row('Alpha').and(page.locator(':focus')).waitFor();
  await visitor.choose('Alpha', 'Rename');
  await page.keyboard.type('Omega, the last');
  await visitor.renewing(() => page.keyboard.press('Enter'));
  await visitor.row('Omega, the last').waitFor();
  await page.reload();
  await visitor.row('Omega, the last').waitFor();
  visitor.assertNoComplaints();
});

test('what is pinned stands on top, after a reload too', async () => {
  await visitor.renewing(() => visitor.choose('Omega, the last', 'Pin'));
  await group('Pinned').getByText('Omega, the last').waitFor();
  await page.reload();
  await group('Pinned').getByText('Omega, the last').waitFor();
  await visitor.renewing(() => visitor.choose('Omega, the last', 'Unpin'));
  await gone(group('Pinned'));
  visitor.assertNoComplaints();
});

test('export gives a file with what was said', async () => {
  for (const [name, end] of [['Export as Markdown', 'md'], ['Export as JSON', 'json']]) {
    const download = page.waitForEvent('download');
    await visitor.choose('Omega, the last', name);
    const file = await download;
    assert.match(file.suggestedFilename(), new RegExp(`^Omega.*\\.${end}$`));
    const text = await readFile(await file.path(), 'utf8');
    if (end === 'md') assert.match(text, /^# Omega, the last\n[^]*\nAlpha\n/);
    else assert.equal(JSON.parse(text).messages[0].content, 'Alpha');
  }
  visitor.assertNoComplaints();
});

test('the menu and the toast are accessible in both themes', async () => {
  for (const theme of ['Dark theme', 'Light theme']) {
    await page.getByRole('button', { name: theme }).click();
    await visitor.openMenu('Gamma');
    await page.waitForTimeout(400); // its entrance fades in, which axe would measure
    await visitor.assertAccessible(`menu, after “${theme}”`);
    await page.keyboard.press('Escape');
    await visitor.choose('Gamma', 'Delete');
    await page.getByText('Deleted “Gamma”.').waitFor();
    await page.waitForTimeout(400);
    await visitor.assertAccessible(`toast, after “${theme}”`);
    await page.getByRole('button', { name: 'Undo' }).click();
    await visitor.row('Gamma').waitFor();
  }
  visitor.assertNoComplaints();
});

test('Undo brings back what was deleted, and nothing was sent', async () => {
  const sent = [];
  const listen = (request) => request.method() === 'DELETE' && sent.push(request.url());
  page.on('request', listen);
  await visitor.row('Gamma').click();
  await visitor.stateBecomes('complete');
  await visitor.choose('Gamma', 'Delete');
  await gone(visitor.row('Gamma'));
  await page.getByRole('heading', { name: 'What would you like to ask?' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await visitor.row('Gamma').waitFor();
  await visitor.stateBecomes('complete');
  await page.reload();
  await visitor.row('Gamma').waitFor();
  page.off('request', listen);
  assert.deepEqual(sent, []);
  visitor.assertNoComplaints();
});

test('what is deleted is gone: when the toast is, and when the page is left before', async () => {
  const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await visitor.choose('Gamma', 'Delete');
  await page.getByRole('button', { name: 'Close this note' }).click();
  assert.equal((await deleted).status(), 204);
  await visitor.choose('Omega, the last', 'Delete');
  await page.getByText('Deleted “Omega, the last”.').waitFor();
  await page.goto('about:blank');
  await visitor.eventually(async () => {
    await page.goto(base);
    await visitor.row(/^Beta/).waitFor();
    return (await titles()).length === 1;
  }, 'both are gone');
  visitor.assertNoComplaints();
});

test('the time of a toast is over by itself, and then it is deleted', async () => {
  const deleted = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await visitor.choose(/^Beta/, 'Delete');
  await page.mouse.move(700, 300);
  assert.equal((await deleted).status(), 204);
  await page.getByText('No conversations yet.').waitFor();
  await page.reload();
  await page.getByText('No conversations yet.').waitFor();
  await visitor.assertAccessible('no conversations');
  visitor.assertNoComplaints();
});

test('a long list goes on as one scrolls', async () => {
  for (let i = 1; i <= MANY; i++) await visitor.converse(`Number ${i}`);
  await page.reload();
  await visitor.row(`Number ${MANY}`).waitFor();
  assert.equal(await visitor.row('Number 1').count(), 0, 'the first page is not all');
  await visitor.eventually(async () => {
    await page.locator('a.conversation').last().scrollIntoViewIfNeeded();
    return (await visitor.row('Number 1').count()) === 1;
  }, 'the rest has come');
  assert.equal((await titles()).length, MANY);
  visitor.assertNoComplaints();
});

test('on a phone it is a sheet, with all of this', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog', { name: 'Conversations' }).waitFor();
  await searchBox().and(page.locator(':focus')).waitFor();
  await searchBox().fill('number 60');
  await gone(visitor.row('Number 59'));
  await visitor.openMenu('Number 60');
  await page.keyboard.press('Escape');
  await gone(page.getByRole('menu'));
  await visitor.choose('Number 60', 'Rename');
  await page.keyboard.press('Escape');
  await gone(page.getByRole('textbox', { name: 'Title' }));
  await visitor.choose('Number 60', 'Delete');
  await page.getByText('Nothing matches “number 60”.').waitFor();
  await page.waitForTimeout(400);
  await visitor.assertAccessible('sheet with a toast');
  await page.getByRole('button', { name: 'Undo' }).click();
  await visitor.row('Number 60').click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await visitor.stateBecomes('complete');
  await page.keyboard.press('Control+Shift+O');
  await page.getByRole('heading', { name: 'What would you like to ask?' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
  visitor.assertNoComplaints();
});
