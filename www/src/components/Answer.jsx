/*
 * The text of a model, drawn as Markdown.  This is the one place where it
 * becomes HTML: raw HTML stays text, links lead only to LINK_SCHEMES and open
 * apart, images are never fetched and show as links.
 */
import { memo, useMemo } from 'react';
import Markdown from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { splitBlocks } from '../state/blocks.js';
import { CodeBlock } from './CodeBlock.jsx';
import { ErrorBoundary } from './ErrorBoundary.jsx';

const LINK_SCHEMES = /^(?:https?|mailto):/i;

const remarkPlugins = [remarkGfm];

/* Elements whose last child, not they themselves, holds the end of the text. */
const HOLDERS = new Set(
  'root ul ol li blockquote p pre code h1 h2 h3 h4 h5 h6 table thead tbody tr th td section'.split(' '),
);

const CURSOR = { type: 'element', tagName: 'span', properties: { className: ['cursor'] }, children: [] };

/* Puts the cursor after the last character, wherever that is. */
function rehypeCursor() {
  return (tree) => {
    let node = tree;
    for (;;) {
      const last = node.children.findLast((child) => child.type === 'element' || child.value?.trim());
      if (last?.type !== 'element' || !HOLDERS.has(last.tagName)) break;
      node = last;
    }
    const end = node.children.at(-1);
    if (end?.type === 'text') end.value = end.value.trimEnd();
    node.children.push(CURSOR);
  };
}

const cursorPlugins = [rehypeCursor];
const noPlugins = [];

/* Allowed addresses pass; anything else comes back empty and is not a link. */
function safeUrl(url) {
  return LINK_SCHEMES.test(url) ? url : '';
}

function Link({ href, children }) {
  if (!href) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

function ImageLink({ src, alt }) {
  const text = alt ? `Image: ${alt}` : 'Image';
  return <Link href={src}>{text}</Link>;
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

const components = { a: Link, img: ImageLink, pre: CodeBlock, table: Table, input: TaskBox };

const Block = memo(function Block({ text, cursor }) {
  return (
    <Markdown
      remarkPlugins={remarkPlugins}
      rehypePlugins={cursor ? cursorPlugins : noPlugins}
      urlTransform={safeUrl}
      components={components}
    >
      {text}
    </Markdown>
  );
});

export function Answer({ text, streaming = false }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
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
