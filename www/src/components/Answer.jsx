/*
 * The text of a model, drawn as Markdown.  This is the one place where it
 * becomes HTML: raw HTML stays text, links lead only where state/links.js lets
 * them and open apart with their host shown, images are never fetched and show
 * as links.
 */
import { createContext, memo, useContext, useState } from 'react';
import Markdown from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { useMaths } from '../hooks/useMaths.js';
import { createSplitter, readFence } from '../state/blocks.js';
import { mendHalf } from '../state/half.js';
import { hostBeside, hostOf, safeUrl } from '../state/links.js';
import { hasMaths, markMaths } from '../state/mathsText.js';
import { CodeBlock } from './CodeBlock.jsx';
import { ErrorBoundary } from './ErrorBoundary.jsx';

/* HTML is no construct at all, so what looks like it is text among text. */
function remarkNoHtml() {
  const data = this.data();
  (data.micromarkExtensions ??= []).push({ disable: { null: ['htmlFlow', 'htmlText'] } });
}

const remarkPlugins = [remarkGfm, remarkNoHtml];

/* Elements whose last child, not they themselves, holds the end of the text. */
const HOLDERS = new Set(
  'root ul ol li blockquote p h1 h2 h3 h4 h5 h6 table thead tbody tr th td section'.split(' '),
);

const CURSOR = { type: 'element', tagName: 'span', properties: { className: ['cursor'] }, children: [] };

/* Puts the cursor after the last character, wherever that is. */
function rehypeCursor() {
  return (tree) => {
    let node = tree;
    for (;;) {
      const last = node.children.findLast((child) => child.type === 'element' || child.value?.trim());
      if (last?.type === 'element' && last.tagName === 'pre') {
        last.properties.dataCursor = 'yes';
        return;
      }
      if (last?.type !== 'element' || !HOLDERS.has(last.tagName)) break;
      node = last;
    }
    const end = node.children.at(-1);
    if (end?.type === 'text') end.value = end.value.trimEnd();
    node.children.push(CURSOR);
  };
}

const textOf = (node) => node.value ?? (node.children ?? []).map(textOf).join('');

/* A link within a link is its text. */
const InLink = createContext(false);

function Link({ href, node, children }) {
  const inLink = useContext(InLink);
  if (!href || inLink) return <span>{children}</span>;
  const host = hostBeside(href, textOf(node));
  return (
    <InLink.Provider value={true}>
      <a href={href} title={href} target="_blank" rel="noopener noreferrer">
        {children}
      </a>
      {host && <span className="link-host"> ({host})</span>}
    </InLink.Provider>
  );
}

/* The content policy lets no image of another host in, so it opens apart. */
function ImageLink({ src, alt }) {
  const inLink = useContext(InLink);
  const name = alt ? `Image: ${alt}` : 'Image';
  if (!src || inLink) return <span>{name}</span>;
  return (
    <span className="image-link">
      {name}{' '}
      <a href={src} title={src} target="_blank" rel="noopener noreferrer">
        Open image from {hostOf(src)}
      </a>
    </span>
  );
}

function Table({ children }) {
  return (
    <div className="table-box" role="region" aria-label="Table" tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}

function TaskBox({ checked }) {
  return <span className="task-box">{checked ? '☑ ' : '☐ '}</span>;
}

function languageOf(code) {
  const names = code?.properties?.className ?? [];
  const name = names.find((each) => String(each).startsWith('language-'));
  return name ? String(name).slice('language-'.length) : null;
}

/* Code within a list or a quote; what stands alone does not come through Markdown. */
function Pre({ node }) {
  const cursor = node.properties.dataCursor === 'yes';
  return (
    <CodeBlock
      language={languageOf(node.children[0])}
      code={textOf(node)}
      finished={!cursor}
      cursor={cursor}
    />
  );
}

const components = { a: Link, img: ImageLink, pre: Pre, table: Table, input: TaskBox };

const remarkWithMaths = (maths) => (maths ? [...remarkPlugins, maths.remarkMaths] : remarkPlugins);

function Prose({ text, cursor }) {
  const half = cursor ? mendHalf(text) : text;
  const maths = useMaths(hasMaths(half));
  return (
    <Markdown
      remarkPlugins={remarkWithMaths(maths)}
      rehypePlugins={[...(maths ? [maths.rehypeMaths] : []), ...(cursor ? [rehypeCursor] : [])]}
      urlTransform={safeUrl}
      components={components}
    >
      {maths ? markMaths(half) : half}
    </Markdown>
  );
}

/* Of code that streams, a last line of marks may be the fence that closes it. */
const withoutMarks = (code) => code.replace(/(^|\n)(?:`{1,}|~{1,})$/, '$1');

const Block = memo(function Block({ text, cursor }) {
  const fence = readFence(text);
  if (!fence) return <Prose text={text} cursor={cursor} />;
  const { language, code, closed } = fence;
  return (
    <CodeBlock
      language={language}
      code={cursor && !closed ? withoutMarks(code) : code}
      finished={!cursor || closed}
      cursor={cursor && !closed}
    />
  );
});

export function Answer({ text, streaming = false }) {
  const [split] = useState(createSplitter);
  const blocks = split(text);
  return (
    <ErrorBoundary fallback={<p className="answer-plain">{text}</p>}>
      <div className="answer">
        {blocks.map((block, i) => (
          // A block's place is its identity: text only ever grows at the end.
          <Block key={i} text={block} cursor={streaming && i === blocks.length - 1} />
        ))}
      </div>
    </ErrorBoundary>
  );
}
