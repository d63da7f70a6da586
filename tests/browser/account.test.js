/*
 * One's account, from the first user of a server to the end of the second: an
 * invitation, settings, password, sessions, export, disabled, deleted.  It starts
 * a stack of its own, for only there somebody can be the first:
 *
 *   node --test tests/browser/account.test.js
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startStack } from '../flow/harness.js';
import { openPage } from './lib/page.js';

const STEP_MS = 15_000; // the longest that any one step takes

const PHONE = { width: 390, height: 844 };

/* What this test means to be refused. */
const EXPECTED = [
  { status: 401, path: /^\/api\/v1\// }, // sessions that have ended
  { status: 403, path: '/api/v1/auth/register' },
  { status: 403, path: '/api/v1/auth/login' },
  { status: 422, path: '/api/v1/auth/password' },
  { status: 422, path: '/api/v1/auth/me' },
  { status: 429, path: '/api/v1/auth/login' },
];

const password = 'correct horse battery';
const later = 'another horse battery';
const admin = { username: 'marta', password };
const guest = { username: 'bob', password };

let stack;
let marta;
let bob;
let elsewhere; // bob's other browser
let link;

before(async () => {
  stack = await startStack({ settings: '[server]\nregistration = first\n[limits]\nsign_in_tries = 2\n' });
  [marta, bob, elsewhere] = await Promise.all(
    [{}, {}, {}].map((options) => openPage({ expected: EXPECTED, ...options })),
  );
  for (const { page } of [marta, bob, elsewhere]) page.setDefaultTimeout(STEP_MS);
  await Promise.all([marta, bob, elsewhere].map(({ page }) => page.goto(stack.url)));
});

after(async () => {
  await Promise.all([marta, bob, elsewhere].map((visitor) => visitor?.close()));
  await stack?.stop();
});

async function signIn({ page }, { username, password: secret }) {
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function closeDialog({ page }, name) {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name, exact: true }).waitFor({ state: 'detached' });
}

/* As it is, and in the other theme. */
async function assertBothThemes(visitor, where) {
  for (const colorScheme of ['dark', 'light']) {
    await visitor.page.emulateMedia({ colorScheme });
    await visitor.assertAccessible(`${where}, ${colorScheme}`);
  }
}

/* On a phone nothing of it lies outside of the screen. */
async function assertFitsPhone(visitor, name) {
  const { page } = visitor;
  const { width, height } = page.viewportSize();
  await page.setViewportSize(PHONE);
  const dialog = page.getByRole('dialog', { name, exact: true });
  const box = await dialog.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width, `${name} is wider than a phone`);
  const wide = await dialog.evaluate((each) => each.scrollWidth > each.clientWidth);
  assert.ok(!wide, `${name} scrolls sideways on a phone`);
  await page.setViewportSize({ width, height });
}

async function assertGoodDialog(visitor, name) {
  await visitor.dialog(name);
  await assertBothThemes(visitor, name);
  await assertFitsPhone(visitor, name);
}

test('the first user becomes the administrator, and after that an invitation is needed', async () => {
  await marta.register(admin);
  await bob.page.reload();
  await bob.page.getByRole('button', { name: 'Create one' }).click();
  await bob.page.getByLabel('Invitation').fill('wrong');
  await bob.page.getByLabel('User name').fill(guest.username);
  await bob.page.getByLabel('Password', { exact: true }).fill(password);
  await bob.page.getByRole('button', { name: 'Create account' }).click();
  await bob.page.locator('input[name="invite"][aria-invalid="true"]:focus').waitFor();
  await assertBothThemes(bob, 'a refused invitation');
  bob.assertNoComplaints();
  marta.assertNoComplaints();
});

test('the menu is opened, walked and left with the keyboard', async () => {
  const { page } = marta;
  await page.getByRole('button', { name: 'Account of marta' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('menuitem', { name: 'Settings' }).and(page.locator(':focus')).waitFor();
  await assertBothThemes(marta, 'the menu');
  await page.keyboard.press('End');
  await page.getByRole('menuitem', { name: 'Sign out' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Account of marta' }).and(page.locator(':focus')).waitFor();
  assert.equal(await page.getByRole('menu').count(), 0);
});

test('? shows the keys, but not while one writes', async () => {
  const { page } = marta;
  await page.keyboard.press('?');
  await assertGoodDialog(marta, 'Keyboard help');
  await closeDialog(marta, 'Keyboard help');
  await marta.box().fill('');
  await marta.box().press('?');
  assert.equal(await marta.box().inputValue(), '?');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await marta.box().fill('');
});

test('an administrator makes an invitation, whose code is shown once', async () => {
  const { page } = marta;
  await marta.menu('Administration');
  await assertGoodDialog(marta, 'Administration');
  await page.getByRole('tab', { name: 'Users' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByLabel('Note, for yourself').fill('For Bob');
  await page.getByRole('button', { name: 'Make an invitation' }).click();
  await page.getByRole('region', { name: 'The new invitation' }).or(page.getByLabel('Link')).first().waitFor();
  link = await page.getByLabel('Link', { exact: true }).inputValue();
  assert.ok(link.startsWith(`${stack.url}/#invite=`), link);
  await page.getByText('1 use left').waitFor();
  await assertGoodDialog(marta, 'Administration');
  await closeDialog(marta, 'Administration');

  await marta.menu('Administration');
  await page.getByRole('tab', { name: 'Invitations' }).click();
  await page.getByText('For Bob').waitFor();
  assert.equal(await page.getByLabel('Link', { exact: true }).count(), 0, 'the code is not shown again');
  await closeDialog(marta, 'Administration');
  marta.assertNoComplaints();
});

test('the second registers with the link, which leaves the address at once', async () => {
  const { page } = bob;
  await page.goto(link);
  await page.getByRole('heading', { name: 'Create account' }).waitFor();
  assert.equal(await page.evaluate(() => window.location.hash), '');
  assert.equal(await page.getByLabel('Invitation').inputValue(), link.split('=')[1]);
  await bob.register(guest);
  await page.getByRole('button', { name: 'Account of bob' }).click();
  assert.equal(await page.getByRole('menuitem', { name: 'Administration' }).count(), 0);
  await page.keyboard.press('Escape');
  bob.assertNoComplaints();
});

test('settings apply when they are saved, and are kept after a reload', async () => {
  const { page } = bob;
  await bob.menu('Settings');
  await page.getByLabel('Theme', { exact: true }).waitFor();
  await assertGoodDialog(bob, 'Settings');
  await page.getByLabel('Theme', { exact: true }).selectOption('dark');
  await page.getByLabel('Send with').selectOption('ctrl');
  await page.getByLabel('System prompt for new chats').fill('Be brief.');
  await page.getByLabel('Temperature').fill('9');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('input[name="temperature"][aria-invalid="true"]:focus').waitFor();
  assert.equal(await page.getByLabel('System prompt for new chats').inputValue(), 'Be brief.');
  await page.getByLabel('Temperature').fill('0.5');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).waitFor({ state: 'detached' });
  for (const when of ['at once', 'after a reload']) {
    await page.locator('html[data-theme="dark"]').waitFor();
    await page.getByText('Ctrl+Enter to send').waitFor();
    await bob.box().fill('one');
    await bob.box().press('Enter');
    assert.equal(await bob.box().inputValue(), 'one\n', `Enter breaks the line ${when}`);
    await page.reload();
  }
  await bob.menu('Settings');
  assert.equal(await page.getByLabel('System prompt for new chats').inputValue(), 'Be brief.');
  assert.equal(await page.getByLabel('Temperature').inputValue(), '0.5');
  await closeDialog(bob, 'Settings');
  bob.assertNoComplaints();
});

test('a question of a new chat begins with them', async () => {
  const asked = bob.page.waitForRequest(/\/chat\/stream$/);
  await bob.box().fill('What is a hash table?');
  await bob.box().press('Control+Enter');
  const body = (await asked).postDataJSON();
  assert.equal(body.system, 'Be brief.');
  assert.equal(body.temperature, 0.5);
  await bob.stateBecomes('complete');
  bob.assertNoComplaints();
});

test('the button in the bar changes the theme of the settings', async () => {
  const { page } = bob;
  const saved = page.waitForResponse((response) => response.request().method() === 'PUT');
  await page.getByRole('button', { name: 'Light theme' }).click();
  assert.equal((await (await saved).json()).theme, 'light');
  await page.reload();
  await page.locator('html[data-theme="light"]').waitFor();
});

test('another password signs out the other browser', async () => {
  await elsewhere.page.reload(); // it is from before the first user
  await signIn(elsewhere, guest);
  await elsewhere.page.getByRole('button', { name: 'Account of bob' }).waitFor();
  const { page } = bob;
  await bob.menu('Settings');
  await page.getByRole('button', { name: 'Change password' }).click();
  await assertGoodDialog(bob, 'Change password');
  await page.getByLabel('Current password').fill('not this one');
  await page.getByLabel('New password').fill(later);
  const change = page.getByRole('dialog').getByRole('button', { name: 'Change password' });
  await change.click();
  await page.locator('input[name="password"][aria-invalid="true"]:focus').waitFor();
  await page.getByLabel('Current password').fill(password);
  await change.click();
  await page.getByText('Your password is changed.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  guest.password = later;

  await elsewhere.menu('Sessions');
  await elsewhere.page.getByText('Your session has ended.').waitFor();
  await bob.menu('Sessions'); // with the new tokens this one goes on
  await page.getByText('This session').waitFor();
  await closeDialog(bob, 'Sessions');
  bob.assertNoComplaints();
});

test('too many wrong passwords count down on the button', async () => {
  const { page } = elsewhere;
  const wait = page.getByRole('button', { name: /^Wait \d+ s$/ });
  for (let i = 0; i < 4 && !(await wait.isVisible()); i++) {
    const answered = page.waitForResponse(/\/auth\/login$/);
    await signIn(elsewhere, { ...guest, password: 'wrong' });
    await answered;
    await page.getByRole('alert').waitFor();
  }
  await wait.waitFor();
  assert.ok(await wait.isDisabled());
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('one session is ended, then all others', async () => {
  const { page } = bob;
  for (const end of ['one', 'all']) {
    await signIn(elsewhere, guest);
    await elsewhere.page.getByRole('button', { name: 'Account of bob' }).waitFor();
    await bob.menu('Sessions');
    await page.getByText('Chrome on Linux').first().waitFor();
    await assertGoodDialog(bob, 'Sessions');
    assert.equal(await page.locator('.row').count(), 2);
    const name = end === 'one' ? /^End the session of Chrome on Linux/ : 'End all other sessions';
    await page.getByRole('button', { name }).click();
    await page.locator('.row').nth(1).waitFor({ state: 'detached' });
    await closeDialog(bob, 'Sessions');
    await elsewhere.menu('Sessions');
    await elsewhere.page.getByText('Your session has ended.').waitFor();
  }
  bob.assertNoComplaints();
  elsewhere.assertNoComplaints();
});

test('the export is downloaded, whole', async () => {
  const { page } = bob;
  await bob.menu('Export my data');
  await assertGoodDialog(bob, 'Export my data');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const file = await download;
  assert.match(file.suggestedFilename(), /^llmselect-bob-\d{4}-\d\d-\d\d\.json$/);
  const data = JSON.parse(readFileSync(await file.path(), 'utf8'));
  assert.equal(data.complete, true);
  assert.equal(data.conversations[0].title, 'What is a hash table?');
  await page.getByText('went to your downloads').waitFor();
  await closeDialog(bob, 'Export my data');
  bob.assertNoComplaints();
});

test('a user who is disabled is signed out, and finds the draft when enabled again', async () => {
  await bob.page.getByRole('button', { name: 'New chat' }).first().click();
  await bob.box().fill('Half a question');
  await marta.menu('Administration');
  await marta.page.getByLabel('Find a user by name').fill('bo');
  await marta.page.locator('.row').nth(1).waitFor({ state: 'detached' });
  await marta.page.getByRole('button', { name: 'Disable bob' }).click();
  await marta.page.getByText('Disabled', { exact: true }).waitFor();
  await assertGoodDialog(marta, 'Administration');

  await bob.menu('Sessions');
  await bob.page.getByText('Your session has ended.').waitFor();
  await signIn(bob, guest);
  await bob.page.getByText('This account is disabled.').waitFor();
  await marta.page.getByRole('button', { name: 'Enable bob' }).click();
  await marta.page.getByRole('button', { name: 'Disable bob' }).waitFor();
  await bob.page.getByRole('button', { name: 'Sign in' }).click();
  await bob.box().waitFor();
  assert.equal(await bob.box().inputValue(), 'Half a question');
  bob.assertNoComplaints();
  marta.assertNoComplaints();
});

test('deleting a user asks, and names whom', async () => {
  const { page } = marta;
  await page.getByRole('button', { name: 'Delete bob' }).click();
  await page.getByText('Delete “bob”').waitFor();
  await page.getByRole('button', { name: 'Keep' }).and(page.locator(':focus')).waitFor();
  await assertBothThemes(marta, 'the question');
  await page.getByRole('button', { name: 'Keep' }).click();
  await closeDialog(marta, 'Administration');
});

test('an account is deleted with its password', async () => {
  const { page } = bob;
  await bob.menu('Settings');
  await page.getByRole('button', { name: 'Delete my account' }).click();
  await assertGoodDialog(bob, 'Delete my account');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  const button = page.getByRole('dialog').getByRole('button', { name: 'Delete my account' });
  await button.click();
  await page.locator('input[name="password"][aria-invalid="true"]:focus').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(later);
  await button.click();
  await page.getByText('Your account is deleted').waitFor();
  await signIn(bob, guest);
  await page.getByRole('alert').waitFor();
  assert.deepEqual(await stack.db("SELECT 1 FROM users WHERE username = 'bob'"), []);
  bob.assertNoComplaints();
});

test('everything is within reach on a phone', async () => {
  const { page } = marta;
  await page.setViewportSize(PHONE);
  await page.getByRole('button', { name: 'Account of marta' }).click();
  const menu = await page.getByRole('menu').boundingBox();
  assert.ok(menu.x >= 0 && menu.x + menu.width <= PHONE.width, 'the menu fits');
  await assertBothThemes(marta, 'the menu on a phone');
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  marta.assertNoComplaints();
});
