/* The conversation, and the place to go on with it. */
import { useEffect, useId, useRef, useState } from 'react';
import { useAsking } from '../hooks/useAsking.js';
import { useStable } from '../hooks/useStable.js';
import { findModel, findProvider, needsKey } from '../state/models.js';
import { faultsIn, fitting, toSend } from '../state/parameters.js';
import { DEFAULT_SETTINGS, questionOptions } from '../state/settings.js';
import { EmptyChat } from './EmptyChat.jsx';
import { MessageInput } from './MessageInput.jsx';
import { MessageList } from './MessageList.jsx';
import { ModelPicker } from './ModelPicker.jsx';
import { Notice } from './Notice.jsx';
import { Parameters, ParametersButton } from './Parameters.jsx';

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

/*
 * A question that is being rewritten, `{ id, text }` or null, and what is done
 * with it.  One that the server does not take is open again, with its text.
 */
function useEdit({ send, onLeave }) {
  const [edit, setEdit] = useState(null);
  return {
    edit,
    begin: ({ id, content }, fromBox = false) => setEdit({ id, text: content, fromBox }),
    change: (text) => setEdit((now) => ({ ...now, text })),
    cancel: () => {
      onLeave(edit);
      setEdit(null);
    },
    send: async () => {
      setEdit(null);
      onLeave({ fromBox: true });
      const taken = await send(edit.id, edit.text.trim());
      if (!taken) setEdit(edit);
    },
  };
}

export function Chat({
  chat,
  models,
  settings = DEFAULT_SETTINGS,
  online,
  focusOnOpen,
  firstDraft,
  onDraft,
  onKeys,
  onNew,
}) {
  const [draft, setDraft] = useState(firstDraft);
  const [showParameters, setShowParameters] = useState(false);
  const input = useRef(null);
  const panel = useId();
  const [asking, setAsking] = useAsking(chat.conversationId, chat.isStreaming);
  const choice = findModel(models, asking.choice) ? asking.choice : models.choice;
  const model = findModel(models, choice);
  const provider = choice && findProvider(models, choice.provider);
  const missing = chat.load === 'not_found' || chat.load === 'failed';
  const empty = chat.load === 'ready' && chat.messages.length === 0;
  const blocked = !online || !choice || needsKey(provider) || chat.load !== 'ready';
  const faults = faultsIn(chat.error);
  const open = showParameters || faults !== null;
  const isNew = chat.conversationId === null;
  const system = isNew ? settings.system : chat.system;
  const focusInput = () => input.current?.focus();

  useEffect(() => onDraft(draft), [draft, onDraft]);

  useEffect(() => {
    if (empty && focusOnOpen) input.current?.focus();
  }, [empty, focusOnOpen]);

  /*
   * The model is the conversation's from its first question with it on; what is set for the
   * conversation goes before what one has set for all.
   */
  function asked() {
    setAsking({ choice });
    const usual = fitting(questionOptions(settings, { first: isNew }), model);
    return { ...choice, ...usual, ...toSend(asking, model, system) };
  }

  function choose(next) {
    setAsking({ choice: next });
    models.choose(next);
  }

  const edits = useEdit({
    send: (id, text) => chat.editMessage(id, text, asked()),
    onLeave: (left) => left.fromBox && focusInput(),
  });

  async function send(text) {
    setDraft('');
    const taken = await chat.streamMessage(text, asked());
    if (taken) setShowParameters(false);
    else setDraft((later) => join(text, later));
  }

  function pick(question) {
    setDraft(question);
    focusInput();
  }

  function editLast() {
    const last = chat.messages.findLast(({ role, id }) => role === 'user' && id);
    if (last && !chat.isStreaming) edits.begin(last, true);
  }

  function toggleParameters() {
    if (faults) chat.dismissError();
    setShowParameters(!open);
  }

  const providerName = (id) => findProvider(models, id)?.label ?? id ?? 'the provider';
  const actions = useStable({
    retry: () => {
      focusInput();
      chat.retry(asked());
    },
    continue: () => chat.streamMessage(CONTINUE, asked()),
    reload: chat.reload,
    keys: onKeys,
    showBranch: chat.showBranch,
    edit: edits.begin,
    editChange: edits.change,
    editSend: edits.send,
    editCancel: edits.cancel,
  });

  if (missing) return <Missing chat={chat} onNew={onNew} />;
  return (
    <>
      <MessageList
        messages={chat.messages}
        conversationId={chat.conversationId}
        live={chat.live}
        status={chat.status}
        edit={edits.edit}
        canAsk={!blocked && !chat.isStreaming}
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
          sendOnEnter={settings.send_on_enter}
          onStop={chat.cancelStream}
          onUp={editLast}
          isStreaming={chat.isStreaming}
          stopping={chat.live?.stopping}
          blocked={blocked}
          inputRef={input}
          panel={
            open && (
              <Parameters
                id={panel}
                asking={asking}
                model={model}
                system={system}
                faults={faults}
                onChange={setAsking}
                onClose={() => {
                  toggleParameters();
                  focusInput();
                }}
              />
            )
          }
        >
          <ModelPicker catalog={models} choice={choice} onChoose={choose} />
          <ParametersButton
            asking={asking}
            model={model}
            system={system}
            open={open}
            controls={panel}
            onToggle={toggleParameters}
          />
          {provider?.demo && (
            <span className="demo-label">Demo provider: canned text, no model</span>
          )}
        </MessageInput>
      </div>
    </>
  );
}
