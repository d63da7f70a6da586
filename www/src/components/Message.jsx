/* A question, or an answer in whichever of its states. */
import { ChevronRight } from 'lucide-react';
import { memo } from 'react';
import { ending, facts } from '../state/format.js';
import { Answer } from './Answer.jsx';
import { Chip } from './Chip.jsx';
import { CopyButton } from './CopyButton.jsx';
import { Icon } from './Icon.jsx';
import { Notice } from './Notice.jsx';
import { Waiting } from './Waiting.jsx';

const TONES = { failed: 'danger', interrupted: 'warn', broken: 'warn' };

/* Which buttons mend which state; each row is drawn left to right. */
const MENDS = {
  cancelled: ['retry'],
  length: ['continue'],
  refused: ['retry'],
  interrupted: ['continue', 'retry'],
  failed: ['retry'],
  broken: ['reload'],
};

/* An error whose cause is a key is mended by the key first. */
const KEY_CODES = new Set(['provider_auth', 'provider_quota', 'provider_key_missing']);

const LABELS = {
  retry: 'Retry',
  continue: 'Continue',
  reload: 'Load the answer',
  keys: 'Open Keys',
};

function mendsOf(message) {
  const mends = MENDS[message.state] ?? [];
  return KEY_CODES.has(message.error?.code) ? ['keys', ...mends] : mends;
}

function Ending({ message, provider, actions }) {
  const text = ending(message, provider);
  if (!text) return null;
  const mends = actions ? mendsOf(message).filter((name) => actions[name]) : [];
  return (
    <Notice tone={TONES[message.state]} text={text}>
      {mends.length > 0 &&
        mends.map((name) => (
          <button key={name} type="button" className="button" onClick={() => actions[name](message)}>
            {LABELS[name]}
          </button>
        ))}
    </Notice>
  );
}

function Reasoning({ text }) {
  return (
    <details className="reasoning">
      <summary>
        <Icon as={ChevronRight} />
        Reasoning
      </summary>
      <div className="reasoning-text">{text}</div>
    </details>
  );
}

function Facts({ message }) {
  const rows = facts(message);
  return (
    <div className="facts">
      <ul className="facts-list">
        {rows.map(({ name, text, title }) => (
          <li key={name} title={title}>
            {name === 'model' && <Chip provider={message.provider} />}
            {text}
            {title && <span className="visually-hidden"> ({title})</span>}
          </li>
        ))}
      </ul>
      {message.content && <CopyButton label="Copy answer" text={() => message.content} />}
    </div>
  );
}

function Question({ message }) {
  return (
    <article className="message" data-role="user">
      <h2 className="visually-hidden">Your question</h2>
      <div className="bubble">{message.content}</div>
    </article>
  );
}

function AnswerMessage({ message, provider, live, status, actions }) {
  const running = message.state === 'running';
  return (
    <article className="message" data-role="assistant" data-state={message.state} aria-busy={running}>
      <h2 className="visually-hidden">Answer from {message.model}</h2>
      {message.reasoning && <Reasoning text={message.reasoning} />}
      {message.content && <Answer text={message.content} streaming={running} />}
      {running && live && (!message.content || live.retry || live.stopping || live.rejoining) && (
        <Waiting live={live} status={status} provider={provider} />
      )}
      <Ending message={message} provider={provider} actions={actions} />
      {!running && <Facts message={message} />}
    </article>
  );
}

export const Message = memo(function Message(props) {
  return props.message.role === 'user' ? <Question {...props} /> : <AnswerMessage {...props} />;
});
