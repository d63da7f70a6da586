/*
 * A block of code under its language, with a way to copy it.  It gets its colours
 * when it is finished; they move nothing.
 */
import { memo } from 'react';
import { useHighlight } from '../hooks/useHighlight.js';
import { CopyButton } from './CopyButton.jsx';

function Coloured({ nodes }) {
  return nodes.map((node, i) =>
    node.type === 'text' ? (
      node.value
    ) : (
      <span key={i} className={node.properties.className.join(' ')}>
        <Coloured nodes={node.children} />
      </span>
    ),
  );
}

export const CodeBlock = memo(function CodeBlock({ language, code, finished, cursor = false }) {
  const tree = useHighlight(language, code, finished);
  const name = language ?? 'code';
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{name}</span>
        <CopyButton label="Copy code" text={() => code} />
      </div>
      <pre tabIndex={0} role="region" aria-label={`Code: ${name}`}>
        <code>
          {tree ? <Coloured nodes={tree.children} /> : code}
          {cursor && <span className="cursor" />}
        </code>
      </pre>
    </div>
  );
});
