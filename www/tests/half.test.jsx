import { render } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createSplitter, readFence, splitBlocks } from '../src/state/blocks.js';
import { mendHalf } from '../src/state/half.js';

const drawn = vi.hoisted(() => []);

vi.mock('react-markdown', async (original) => {
  const { default: Markdown } = await original();
  return {
    default: (props) => {
      drawn.push(props.children);
      return Markdown(props);
    },
  };
});

const { Answer } = await import('../src/components/Answer.jsx');

beforeEach(() => {
  drawn.length = 0;
});

/* Each text may only ever grow before the reader's eyes. */
const TEXTS = [
  'Some **bold words** and *a stress*, then ***both*** and __more__ and ~~gone~~.',
  'A `code span` here, ``two ` ticks`` there.',
  'See [the **manual**](https://x.example/a_b(c)) and <https://x.example/x>, [once more](https://x.example "title").',
  'An image: ![a chart](https://x.example/c.png) and text.',
  'Intro:\n- one **bold**\n- two `code`\n  - three\n- four\n\nEnd.',
  'Steps:\n1. First\n2. Second *stress* here\n10. Third',
  '# A heading with **bold**\n\nText\n\n## Another\n\n---\n\nafter',
  'Look:\n\n```js\nconst a = `x`;\n\n\nb();\n```\n\nDone.',
  'Text\n```python\nprint("**no**")\n```\nmore',
  '~~~\na\n~~~\nb',
  '| Name | **Size** |\n|:-----|-----:|\n| one | 1 |\n| `two` | 2 **b** |\n\nafter',
  'a < b && c > d, AT&T, 2 * 3 * 4, snake_case_word and 5 &lt; 6',
  '> quoted **text**\n> goes on\n\nand ends',
  '- [ ] to do\n- [x] done\n\nend',
  'It costs $5 and $10 in all.',
];

/* The words, without what a block or a link is given beside them. */
function seen(element) {
  const copy = element.cloneNode(true);
  for (const each of copy.querySelectorAll('.code-head, .link-host')) each.remove();
  return copy.textContent.replace(/\s+/g, '');
}

describe('half of a text never shows what the whole takes back', () => {
  it.each(TEXTS)('%j', (text) => {
    const { container, rerender } = render(<Answer text="" streaming />);
    let before = '';
    for (let end = 1; end <= text.length; end++) {
      rerender(<Answer text={text.slice(0, end)} streaming />);
      const now = seen(container.querySelector('.answer'));
      expect(now.startsWith(before), `${JSON.stringify(before)} → ${JSON.stringify(now)} at ${end}`).toBe(true);
      before = now;
    }
  });
});

it.each([
  ['**bo', '**bo**'],
  ['**bold*', '**bold**'],
  ['a **', 'a'],
  ['`co', '`co`'],
  ['[text](https://x', 'text'],
  ['![alt](https://x', ''],
  ['a\n-', 'a'],
  ['a\n``', 'a'],
  ['| a | b |', ''],
  ['| a | b |\n', ''],
  ['| a | b |\n|-', '| a | b |\n| --- | --- |'],
  ['f \\(x', 'f'],
  ['f $$x', 'f'],
  ['costs $5', 'costs $5'],
])('mends %j', (half, mended) => {
  expect(mendHalf(half)).toBe(mended);
});

it('what is long and open is shown as it is', () => {
  const text = `$$ ${'x '.repeat(2000)}`;
  expect(mendHalf(text).length).toBeGreaterThan(3000);
});

it('a finished piece is drawn once, however long the answer grows', () => {
  const text = Array.from({ length: 30 }, (_, i) => `Paragraph **${i}** of some words.`).join('\n\n');
  const { rerender } = render(<Answer text="" streaming />);
  for (let end = 1; end <= text.length; end++) rerender(<Answer text={text.slice(0, end)} streaming />);
  rerender(<Answer text={text} />);
  const first = drawn.filter((each) => each === 'Paragraph **3** of some words.');
  // as the last piece at its full length, then with its blank line, then finished
  expect(first.length).toBeLessThanOrEqual(4);
  drawn.length = 0;
  rerender(<Answer text={`${text} More.`} streaming />);
  expect(drawn).toHaveLength(1);
});

describe('pieces', () => {
  const TEXT = 'a\n\n```\nb\n\nc\n```\nd\n1. e\n\n   f\n\n2. g\n\n[x][y]\n\n$$\na\n\nb\n$$\n\n[y]: https://x.example';

  it('that grow are those of the whole', () => {
    const split = createSplitter();
    for (let end = 0; end <= TEXT.length; end++) expect(split(TEXT.slice(0, end))).toEqual(splitBlocks(TEXT.slice(0, end)));
  });

  it('of another text are its own', () => {
    const split = createSplitter();
    split('a\n\nb');
    expect(split('c\n\nd')).toEqual(['c', 'd']);
  });

  it('get the definitions they name', () => {
    const [first, second] = splitBlocks('see [this][y]\n\nelse\n\n[y]: https://x.example');
    expect(first).toContain('[y]: https://x.example');
    expect(second).not.toContain('[y]');
  });

  it.each([
    ['```js\na\n```\n', { language: 'js', code: 'a\n', closed: true }],
    ['```js\na', { language: 'js', code: 'a', closed: false }],
    ['```', { language: null, code: '', closed: false }],
    ['````\n```\n````', { language: null, code: '```\n', closed: true }],
    ['```\na\n```\nb[^1]\n\n[^1]: c\n```', null],
    ['text', null],
  ])('%j as code', (piece, fence) => expect(readFence(piece)).toEqual(fence));
});
