/* The conversation, and the place to go on with it. */
import { useEffect, useRef, useState } from 'react';
import { findProvider, needsKey } from '../state/models.js';
import { EmptyChat } from './EmptyChat.jsx';
import { MessageInput } from './MessageInput.jsx';
import { MessageList } from './MessageList.jsx';
import { ModelPicker } from './ModelPicker.jsx';
import { Notice } from './Notice.jsx';

const CONTINUE = 'Continue where you stopped.';

const join = (earlier, later) => (later.trim() ? `${earlier}\n\n${later}` : earlier);

function Skeleton() {
  return (
    <div className="skeleton" data-wide role="status" aria-label="Loading the conversation">
      <span />
      <span />
      <span />
      <span />
    </div>
  );
}

function Missing({ chat, onNew }) {
  const gone = chat.load === 'not_found';
  return (
    <div className="empty">
      <h1>{gone ? 'There is no such conversation' : 'The conversation could not be loaded'}</h1>
      <p>{gone ? 'It may have been deleted, or the address is not complete.' : chat.error?.message}</p>
      <div className="empty-actions">
        {!gone && (
          <button type="button" className="button" onClick={chat.reload}>
            Try again
          </button>
        )}
        <button type="button" className="button" data-kind="primary" onClick={onNew}>
          New chat
        </button>
      </div>
    </div>
  );
}

/* What stands between the reader and the next answer, most urgent first. */
function Obstacle({ chat, models, provider, onKeys }) {
  if (chat.error && chat.load === 'ready' && !chat.error.inAnswer) {
    return (
      <Notice tone="danger" text={chat.error.message} role="alert">
        {chat.error.code === 'provider_key_missing' && (
          <button type="button" className="button" onClick={onKeys}>
            Open Keys
          </button>
        )}
        <button type="button" className="button" onClick={chat.dismissError}>
          Dismiss
        </button>
      </Notice>
    );
  }
  if (models.phase === 'failed') {
    return (
      <Notice tone="danger" text={`The models could not be loaded. ${models.error.message}`}>
        <button type="button" className="button" onClick={models.refresh}>
          Try again
        </button>
      </Notice>
    );
  }
  if (models.phase === 'ready' && !models.choice) {
    return <Notice tone="warn" text="No models are set up on this server yet." />;
  }
  if (provider && needsKey(provider)) {
    return (
      <Notice tone="warn" text={`${provider.label} needs an API key.`}>
        <button type="button" className="button" onClick={onKeys}>
          Add a key
        </button>
      </Notice>
    );
  }
  return null;
}

export function Chat({ chat, models, online, focusOnOpen, firstDraft, onDraft, onKeys, onNew }) {
  const [draft, setDraft] = useState(firstDraft);
  const input = useRef(null);
  const { choice } = models;
  const provider = choice && findProvider(models, choice.provider);
  const missing = chat.load === 'not_found' || chat.load === 'failed';
  const empty = chat.load === 'ready' && chat.messages.length === 0;
  const blocked = !online || !choice || needsKey(provider) || chat.load !== 'ready';

  useEffect(() => onDraft(draft), [draft, onDraft]);

  useEffect(() => {
    if (empty && focusOnOpen) input.current?.focus();
  }, [empty, focusOnOpen]);

  async function send(text) {
    setDraft('');
    const taken = await chat.streamMessage(text, choice);
    if (!taken) setDraft((later) => join(text, later));
  }

  function pick(question) {
    setDraft(question);
    input.current.focus();
  }

  const providerName = (id) => findProvider(models, id)?.label ?? id ?? 'the provider';
  const actions = {
    retry: blocked ? null : () => chat.retry(choice),
    continue: blocked ? null : () => chat.streamMessage(CONTINUE, choice),
    reload: chat.reload,
    keys: onKeys,
  };

  if (missing) return <Missing chat={chat} onNew={onNew} />;
  return (
    <>
      <MessageList
        messages={chat.messages}
        live={chat.live}
        status={chat.status}
        providerName={providerName}
        actions={actions}
      >
        {chat.load === 'loading' && <Skeleton />}
        {empty && <EmptyChat onPick={pick} onKeys={onKeys} />}
      </MessageList>
      <div className="composer-area">
        <Obstacle chat={chat} models={models} provider={provider} onKeys={onKeys} />
        <MessageInput
          value={draft}
          onChange={setDraft}
          onSend={send}
          onStop={chat.cancelStream}
          isStreaming={chat.isStreaming}
          stopping={chat.live?.stopping}
          blocked={blocked}
          inputRef={input}
        >
          <ModelPicker catalog={models} choice={choice} onChoose={models.choose} />
          {provider?.demo && (
            <span className="demo-label">Demo provider: canned text, no model</span>
          )}
        </MessageInput>
      </div>
    </>
  );
}
