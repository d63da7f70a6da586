/* A block of code under its language, with a way to copy it. */
import { useRef } from 'react';
import { CopyButton } from './CopyButton.jsx';

function languageOf(node) {
  const names = node?.children?.[0]?.properties?.className ?? [];
  const name = names.find((each) => String(each).startsWith('language-'));
  return name ? String(name).slice('language-'.length) : 'code';
}

export function CodeBlock({ node, children }) {
  const pre = useRef(null);
  const language = languageOf(node);
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{language}</span>
        <CopyButton label="Copy code" text={() => pre.current.textContent} />
      </div>
      <pre ref={pre} tabIndex={0} role="region" aria-label={`Code: ${language}`}>
        {children}
      </pre>
    </div>
  );
}
