/* A question, or an answer in whichever of its states. */
import { ChevronRight, Pencil } from 'lucide-react';
import { memo, useEffect, useRef } from 'react';
import { omissions } from '../state/details.js';
import { ending } from '../state/format.js';
import { Answer } from './Answer.jsx';
import { Branches } from './Branches.jsx';
import { CopyButton } from './CopyButton.jsx';
import { EditBox } from './EditBox.jsx';
import { Facts } from './Facts.jsx';
import { Icon, IconButton } from './Icon.jsx';
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

/* These ask the model, so they wait until it can be asked. */
const ASKS = new Set(['retry', 'continue']);

function mendsOf(message, canAsk) {
  const mends = MENDS[message.state] ?? [];
  const all = KEY_CODES.has(message.error?.code) ? ['keys', ...mends] : mends;
  return all.filter((name) => canAsk || !ASKS.has(name));
}

function Ending({ message, provider, last, canAsk, actions }) {
  const text = ending(message, provider);
  if (!text) return null;
  const mends = last ? mendsOf(message, canAsk) : [];
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

function Omissions({ message }) {
  const sentences = omissions(message);
  if (sentences.length === 0) return null;
  return <p className="omissions">{sentences.join(' ')}</p>;
}

function QuestionActions({ message, busy, actions, editButton }) {
  return (
    <div className="message-actions">
      <CopyButton label="Copy question" text={() => message.content} />
      {message.id && (
        <IconButton
          ref={editButton}
          icon={Pencil}
          size={16}
          label="Edit"
          disabled={busy}
          onClick={() => actions.edit(message)}
        />
      )}
      <Branches message={message} busy={busy} onShow={actions.showBranch} />
    </div>
  );
}

function Question({ message, editing, busy = false, canAsk = true, actions }) {
  const editButton = useRef(null);
  const wasEditing = useRef(false);
  const isEditing = Boolean(editing);

  // Whoever gives up an edit is where they came from, unless moved on already.
  useEffect(() => {
    const left = wasEditing.current && !isEditing;
    wasEditing.current = isEditing;
    if (left && document.activeElement === document.body) editButton.current?.focus();
  }, [isEditing]);

  return (
    <article className="message" data-role="user" data-editing={isEditing || undefined}>
      <h2 className="visually-hidden">Your question</h2>
      {editing ? (
        <EditBox
          text={editing.text}
          canSend={canAsk}
          onChange={actions.editChange}
          onSend={actions.editSend}
          onCancel={actions.editCancel}
        />
      ) : (
        <>
          <div className="bubble">{message.content}</div>
          <QuestionActions message={message} busy={busy} actions={actions} editButton={editButton} />
        </>
      )}
    </article>
  );
}

function AnswerMessage({
  message,
  provider,
  live,
  status,
  last = true,
  busy = false,
  canAsk = true,
  actions,
}) {
  const running = message.state === 'running';
  const mayRegenerate = last && canAsk && !MENDS[message.state]?.includes('retry');
  return (
    <article className="message" data-role="assistant" data-state={message.state} aria-busy={running}>
      <h2 className="visually-hidden">Answer from {message.model}</h2>
      <Omissions message={message} />
      {message.reasoning && <Reasoning text={message.reasoning} />}
      {message.content && <Answer text={message.content} streaming={running} />}
      {running && live && (!message.content || live.retry || live.stopping || live.rejoining) && (
        <Waiting live={live} status={status} provider={provider} />
      )}
      <Ending message={message} provider={provider} last={last} canAsk={canAsk} actions={actions} />
      {!running && (
        <Facts
          message={message}
          provider={provider}
          busy={busy}
          onRegenerate={mayRegenerate ? actions?.retry : null}
          onShowBranch={actions?.showBranch}
        />
      )}
    </article>
  );
}

export const Message = memo(function Message(props) {
  return props.message.role === 'user' ? <Question {...props} /> : <AnswerMessage {...props} />;
});
