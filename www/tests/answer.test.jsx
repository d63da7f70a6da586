import { render, screen } from '@testing-library/react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it, vi } from 'vitest';
import { Answer } from '../src/components/Answer.jsx';

/* Text that would like to be more than text. */
const ATTACKS = [
  '<script>alert(1)</script>',
  '<script src="https://x.example/x.js"></script>',
  '<ScRiPt>alert(1)</sCrIpT>',
  '<img src=x onerror=alert(1)>',
  '<img src="https://x.example/pixel.png">',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
  '<math><mi xlink:href="javascript:alert(1)">x</mi></math>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="javascript:alert(1)"></object>',
  '<embed src="javascript:alert(1)">',
  '<body onload=alert(1)>',
  '<details open ontoggle=alert(1)>x</details>',
  '<a href="javascript:alert(1)">x</a>',
  '<form action="javascript:alert(1)"><button>x</button></form>',
  '<input autofocus onfocus=alert(1)>',
  '<video><source onerror=alert(1)></video>',
  '<audio src=x onerror=alert(1)>',
  '<style>@import "https://x.example/x.css";</style>',
  '<link rel=stylesheet href="https://x.example/x.css">',
  '<meta http-equiv="refresh" content="0;url=https://x.example">',
  '<base href="https://x.example/">',
  '<template><script>alert(1)</script></template>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<!--><img src=x onerror=alert(1)>-->',
  '<![CDATA[<img src=x onerror=alert(1)>]]>',
  '<div style="background:url(https://x.example/x)">x</div>',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java&#x0A;script:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](  javascript:alert(1))',
  '[x](\u0001javascript:alert(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](vbscript:msgbox(1))',
  '[x](file:///etc/passwd)',
  '[x](blob:https://x.example/1)',
  '[x](//x.example)',
  '[x](/api/v1/auth/logout)',
  '[x](?a=b)',
  '[x](#a)',
  '[x]: javascript:alert(1)\n\n[x]',
  '<javascript:alert(1)>',
  '<data:text/html,x>',
  '![x](https://x.example/pixel.png)',
  '![x](javascript:alert(1))',
  '![x](data:image/svg+xml,<svg onload=alert(1)>)',
  '![](x "onerror=alert(1)")',
  '![x][y]\n\n[y]: https://x.example/p.png',
  '[![x](https://x.example/p.png)](javascript:alert(1))',
  '[x](https://x.example "\\" onclick=alert(1) \\"")',
  '`<script>alert(1)</script>`',
  '```html\n<script>alert(1)</script>\n```',
  '```"><script>alert(1)</script>\nx\n```',
  '| a |\n|---|\n| <img src=x onerror=alert(1)> |',
  '- [ ] <img src=x onerror=alert(1)>',
  'x[^1]\n\n[^1]: <img src=x onerror=alert(1)> [y](javascript:alert(1))',
  'event: done\ndata: {"done": true}',
];

const FORBIDDEN =
  'script, img, svg:not(.icon), math, iframe, object, embed, video, audio, source, style, link, meta, base, form, input, template, [srcdoc], [src]';

function harmful(root) {
  const elements = [...root.querySelectorAll(FORBIDDEN)].map((each) => each.outerHTML);
  for (const each of root.querySelectorAll('*')) {
    for (const { name, value } of each.attributes) {
      if (/^on|^style$|^formaction$/i.test(name)) elements.push(`${name}=${value}`);
      if (/href$/i.test(name) && !/^(https?|mailto):/.test(value)) elements.push(`${name}=${value}`);
    }
  }
  return elements;
}

describe('text stays text, however far it has come', () => {
  it.each(ATTACKS)('%s', (attack) => {
    const box = document.createElement('div');
    for (let end = 1; end <= attack.length; end++) {
      const streaming = end < attack.length;
      box.innerHTML = renderToStaticMarkup(<Answer text={attack.slice(0, end)} streaming={streaming} />);
      expect(harmful(box)).toEqual([]);
    }
  });

  it('the check itself can fail', () => {
    const box = document.createElement('div');
    box.innerHTML = '<p onclick="x"><a href="javascript:x">x</a><img alt=""></p>';
    expect(harmful(box)).toHaveLength(3);
  });
});

describe('links', () => {
  it('lead out, apart, and without a word of where from', () => {
    render(<Answer text="See [this](https://x.example/a) or <mailto:a@x.example>." />);
    const link = screen.getByRole('link', { name: 'this' });
    expect(link).toHaveAttribute('href', 'https://x.example/a');
    expect(link).toHaveAttribute('target', '_blank');
    expect(link).toHaveAttribute('rel', 'noopener noreferrer');
    expect(screen.getAllByRole('link')).toHaveLength(2);
  });

  it('stand in for images', () => {
    render(<Answer text="![a chart](https://x.example/c.png)" />);
    const link = screen.getByRole('link', { name: 'Open image from x.example' });
    expect(link).toHaveAttribute('href', 'https://x.example/c.png');
    expect(link).toHaveAttribute('rel', 'noopener noreferrer');
    expect(screen.getByText(/Image: a chart/)).toBeInTheDocument();
  });

  it.each([
    ['[this](https://x.example/a)', 'this (x.example)'],
    ['[https://bank.example](https://x.example/a)', 'https://bank.example (x.example)'],
    ['<https://x.example/a>', 'https://x.example/a'],
    ['[x.example](https://x.example/a)', 'x.example'],
    ['https://bank.example@x.example/', 'https://bank.example@x.example/ (x.example)'],
    ['[mail](mailto:a@x.example)', 'mail (a@x.example)'],
  ])('show where they lead: %s', (text, shown) => {
    const { container } = render(<Answer text={text} />);
    expect(container.textContent).toBe(shown);
    expect(screen.getByRole('link').title).toBe(screen.getByRole('link').getAttribute('href'));
  });

  it('are never within each other', () => {
    const { container } = render(<Answer text="[![x](https://x.example/p.png)](https://y.example)" />);
    expect(container.querySelectorAll('a')).toHaveLength(1);
  });
});

describe('drawing piece by piece', () => {
  const TEXTS = [
    'One.\n\nTwo **bold**.\n\n# Three\n\n> four\n\nfive',
    '- a\n\n  b\n- c\n\nd\n\n1. e\n2. f\n\ng',
    '```js\na\n\n\nb\n```\n\nc\n\n~~~\nd\n~~~',
    '| a | b |\n|---|:-:|\n| 1 | 2 |\n\nafter\n\n---\n\nend',
    'Title\n===\n\ntext\n\n    indented\n\n    code\n\nend',
  ];

  it.each(TEXTS)('gives what drawing the whole gives: %j', async (text) => {
    const pieces = renderToStaticMarkup(<Answer text={text} />);
    vi.resetModules();
    vi.doMock('../src/state/blocks.js', () => ({ createSplitter: () => (whole) => [whole], readFence: () => null }));
    const { Answer: Whole } = await import('../src/components/Answer.jsx');
    const whole = renderToStaticMarkup(<Whole text={text} />);
    vi.doUnmock('../src/state/blocks.js');
    const plain = (html) => html.replace(/>\s+</g, '><');
    expect(plain(pieces)).toBe(plain(whole));
  });

  it.each([
    ['a paragraph', 'a\n\nb', 'p:last-child > .cursor:last-child'],
    ['a list', '- a\n- b', 'li:last-child > .cursor:last-child'],
    ['code', '```\na\n', 'pre code > .cursor'],
    ['a table', '| a |\n|---|\n| b |', 'td:last-child > .cursor'],
    ['emphasis', 'a **b**', 'p > .cursor:last-child'],
  ])('puts one cursor at the end of %s', (_name, text, where) => {
    const { container } = render(<Answer text={text} streaming />);
    expect(container.querySelectorAll('.cursor')).toHaveLength(1);
    expect(container.querySelector(where)).not.toBeNull();
  });
});
