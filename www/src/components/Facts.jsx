/*
 * What an answer cost in time, tokens and money: one quiet line, and on demand a
 * table that says of each number whose it is.
 */
import { Info, RefreshCw } from 'lucide-react';
import { useId, useState } from 'react';
import { details } from '../state/details.js';
import { facts } from '../state/format.js';
import { Branches } from './Branches.jsx';
import { Chip } from './Chip.jsx';
import { CopyButton } from './CopyButton.jsx';
import { IconButton } from './Icon.jsx';

function FactsLine({ message }) {
  return (
    <ul className="facts-list">
      {facts(message).map(({ name, text, title }) => (
        <li key={name} title={title}>
          {name === 'model' && <Chip provider={message.provider} />}
          {text}
          {title && <span className="visually-hidden"> ({title})</span>}
        </li>
      ))}
    </ul>
  );
}

function Details({ id, rows }) {
  return (
    <dl className="details" id={id}>
      {rows.map(({ name, value, source }) => (
        <div key={name} className="details-row">
          <dt>{name}</dt>
          <dd>{value}</dd>
          <dd className="details-source">{source}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Facts({ message, provider, busy, onRegenerate, onShowBranch }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const rows = details(message, provider);
  return (
    <>
      <div className="facts">
        <FactsLine message={message} />
        <div className="message-actions">
          <Branches message={message} busy={busy} onShow={onShowBranch} />
          {message.content && <CopyButton label="Copy answer" text={() => message.content} />}
          {onRegenerate && (
            <IconButton icon={RefreshCw} size={16} label="Regenerate" onClick={onRegenerate} />
          )}
          {rows.length > 0 && (
            <IconButton
              icon={Info}
              size={16}
              label="Details"
              aria-expanded={open}
              aria-controls={open ? id : undefined}
              onClick={() => setOpen(!open)}
            />
          )}
        </div>
      </div>
      {open && <Details id={id} rows={rows} />}
    </>
  );
}
