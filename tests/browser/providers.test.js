/*
 * The page with each kind of provider: a key of one's own, its test, the models
 * that come with it; then an answer, a stop, an error, a wait, a refusal and a
 * limit, as a person sees them.  The providers are the demo provider in its four
 * dialects.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startStack } from '../flow/harness.js';
import { openPage } from './lib/page.js';

/* [name, label, where the demo provider speaks so] */
const PROVIDERS = [
  ['openai', 'OpenAI', '/v1'],
  ['anthropic', 'Anthropic', '/v1'],
  ['gemini', 'Google Gemini', '/v1beta'],
  ['mistral', 'Mistral', '/mistral/v1'],
];

const KEY = `sk-browser-${randomBytes(12).toString('hex')}`;

const section = (stack) => ([name, label, path]) => `
[provider.${name}]
wire = ${name}
base_url = ${stack.providerUrl}${path}
label = ${label}
`;

let stack;
let visitor;
let page;

before(async () => {
  stack = await startStack({ settings: (it) => PROVIDERS.map(section(it)).join('') });
  visitor = await openPage();
  page = visitor.page;
  await page.goto(stack.url);
  await visitor.register({ username: `browser-${randomBytes(6).toString('hex')}`, password: 'correct horse battery' });
});

after(async () => {
  await visitor?.close();
  await stack?.stop();
});

const keysDialog = () => page.getByRole('dialog', { name: 'Keys' });

async function setAndTestKey(label) {
  const row = keysDialog().getByRole('listitem').filter({ hasText: label });
  await row.getByText('No key yet').waitFor();
  await row.getByLabel(`API key for ${label}`).fill(`  ${KEY}\n`);
  await row.getByRole('button', { name: 'Save' }).click();
  await row.getByText(`Your key, ending in ${KEY.slice(-4)}`).waitFor();
  await row.getByRole('button', { name: 'Test' }).click();
  await row.getByText(`${label} takes this key, and lists`).waitFor();
}

test('a key for each of the four, tested, and never shown again', async () => {
  await visitor.menu('Keys');
  for (const [, label] of PROVIDERS) await setAndTestKey(label);
  assert.ok(!(await page.content()).includes(KEY), 'the key is in the page');
  await visitor.assertAccessible('keys, tested');
  await page.keyboard.press('Escape');
  await keysDialog().waitFor({ state: 'detached' });
  visitor.assertNoComplaints();
});

const answerSays = (text) => visitor.lastAnswer().getByText(text).first().waitFor();

/* What each model of the demo provider shows, in this order. */
const SHOWS = [
  ['an answer streams to its end', 'demo', async () => {
    await visitor.seenGrowing(3);
    await visitor.stateBecomes('complete');
  }],
  ['an answer that thinks first', 'demo-thinker', async () => {
    await visitor.seenGrowing(2);
    await visitor.stateBecomes('complete');
  }],
  ['Stop', 'demo-long', async () => {
    await visitor.seenGrowing(2);
    await visitor.stopButton().click();
    await visitor.stateBecomes('cancelled');
    await answerSays(/Stopped\. [\d,]+ words? kept\./);
  }],
  ['an error in the middle', 'demo-breaks', async (label) => {
    await visitor.stateBecomes('interrupted');
    await answerSays(new RegExp(`${label} has a problem of its own`));
    await visitor.lastAnswer().getByRole('button', { name: 'Retry' }).waitFor();
    assert.ok((await visitor.answerText()).length > 0, 'what came is kept');
  }],
  ['a wait that is counted down', 'demo-busy', async (label) => {
    await answerSays(new RegExp(`${label}.*Trying again in \\d+ s`));
    await visitor.stateBecomes('complete');
  }],
  // Mistral has no word for it: there a refusal is an answer like any other.
  ['a refusal', 'demo-refuses', async (label) =>
    visitor.stateBecomes(label === 'Mistral' ? 'complete' : 'refused')],
  ['a limit', 'demo-short', async () => visitor.stateBecomes('length')],
];

for (const [provider, label] of PROVIDERS)
  for (const [name, model, shows] of SHOWS)
    test(`${label}: ${name}`, async () => {
      await visitor.pickModel([model], provider);
      await visitor.ask(`${label}, ${name}?`);
      await shows(label);
      visitor.assertNoComplaints();
    });

test('a reload shows all of it again', async () => {
  const states = () => page.locator('[data-role="assistant"]').evaluateAll((all) => all.map((each) => each.dataset.state));
  const before = await states();
  assert.equal(before.length, PROVIDERS.length * SHOWS.length);
  await page.reload();
  await visitor.stateBecomes('length');
  assert.deepEqual(await states(), before);
  stack.assertNowhere(KEY, await page.content());
  visitor.assertNoComplaints();
});
