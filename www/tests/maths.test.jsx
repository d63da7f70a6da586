import { render, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';
import { Answer } from '../src/components/Answer.jsx';
import { hasMaths, markMaths } from '../src/state/mathsText.js';

it.each([
  ['$5 and $10', false],
  ['$x$', true],
  ['$ x $', false],
  ['\\(x\\)', true],
  ['\\[x\\]', true],
  ['$$x$$', true],
  ['`$x$`', false],
  ['```\n$x$\n```', false],
  ['\\$x\\$', false],
  ['$x', false],
  ['$x$5', false],
  [`$${'x'.repeat(5000)}$`, false],
  ['no maths', false],
])('%j has maths: %s', (text, has) => expect(hasMaths(text)).toBe(has));

it.each([
  ['a $x$ b', 'a $$x$$ b'],
  ['a \\(x\\) for $5', 'a $$x$$ for \\$5'],
  ['a\n\\[\nx\n\\]\nb', 'a\n$$\nx\n$$\nb'],
  ['$$x$$', '$$\nx\n$$'],
  ['`$5` $x$', '`$5` $$x$$'],
])('%j is read as %j', (text, marked) => expect(markMaths(text)).toBe(marked));

it('a formula is drawn, and what is no formula shows its source', async () => {
  const { container } = render(<Answer text={'Area \\(\\pi r^2\\), not $5.\n\n$$\n\\frac{1}{2}\n$$\n\n\\(\\nothing{x\\)'} />);
  await waitFor(() => expect(container.querySelectorAll('.katex-html').length).toBe(2), { timeout: 5000 });
  expect(container.querySelectorAll('.katex-display')).toHaveLength(1);
  expect(container.textContent).toContain('not $5.');
  expect(container.textContent).toContain('\\nothing{x');
});

it('a formula brings no link, image, class or style of its own', async () => {
  const tex = '\\href{javascript:alert(1)}{a} \\url{https://x.example} \\includegraphics{https://x.example/p.png} \\htmlClass{evil}{b} \\htmlStyle{background:url(https://x.example)}{c} \\htmlData{x=y}{d}';
  const { container } = render(<Answer text={tex.split(/ (?=\\)/).map((each) => `\\(${each}\\)`).join(' ')} />);
  await waitFor(() => expect(container.querySelector('.katex')).not.toBeNull(), { timeout: 5000 });
  expect(container.querySelectorAll('a, img, [href], [src], .evil, [data-x]')).toHaveLength(0);
  expect([...container.querySelectorAll('[style]')].filter((each) => /url/.test(each.getAttribute('style')))).toEqual([]);
});
