/*
 * The API keys: one row per provider, what is set, and a way to set, replace,
 * test or remove one's own.  A key leaves this form for the server once and never comes
 * back; of a set key only the last four characters are known.
 */
import { useId, useState } from 'react';
import { Chip } from './Chip.jsx';
import { Dialog } from './Dialog.jsx';

function stateText(provider, key) {
  if (key?.source === 'user') return `Your key, ending in ${key.last4}`;
  if (provider.demo) return 'Canned text, no model. Needs no key.';
  if (key || provider.key === 'system') return 'A key of this server is used';
  return 'No key yet';
}

function KeyRow({ provider, ownKey, onSet, onTest, onRemove }) {
  const [value, setValue] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const [verdict, setVerdict] = useState(null); // of a test: { ok, message }
  const field = useId();
  const state = useId();
  const own = ownKey?.source === 'user';
  const hasKey = own || provider.key === 'system';

  async function attempt(work) {
    setBusy(true);
    setError(null);
    setVerdict(null);
    try {
      await work();
    } catch (failure) {
      setError(failure.details?.key ?? failure.message);
    }
    setBusy(false);
  }

  function save(event) {
    event.preventDefault();
    const key = value.trim();
    if (!key) return;
    attempt(async () => {
      await onSet(provider.id, key);
      setValue('');
    });
  }

  return (
    <li className="key-row">
      <div className="key-name">
        <Chip provider={provider.id} />
        <span>{provider.label}</span>
      </div>
      <p className="key-state" id={state}>
        {stateText(provider, ownKey)}
      </p>
      {!provider.demo && (
        <form className="key-form" onSubmit={save} autoComplete="off">
          <label className="visually-hidden" htmlFor={field}>
            API key for {provider.label}
          </label>
          <input
            id={field}
            className="field"
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder={own ? 'Replace the key' : 'Paste a key'}
            aria-describedby={state}
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
          <button type="submit" className="button" disabled={busy || value.trim() === ''}>
            Save
          </button>
          {hasKey && (
            <button
              type="button"
              className="button"
              disabled={busy}
              onClick={() => attempt(async () => setVerdict(await onTest(provider.id)))}
            >
              Test
            </button>
          )}
          {own && (
            <button
              type="button"
              className="button"
              data-kind="danger"
              disabled={busy}
              onClick={() => attempt(() => onRemove(provider.id))}
            >
              Remove
            </button>
          )}
        </form>
      )}
      {error && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
      {verdict && (
        <p className={verdict.ok ? 'field-note' : 'field-error'} role="status">
          {verdict.message}
        </p>
      )}
    </li>
  );
}

export function KeysDialog({ providers, keys, onSet, onTest, onRemove, onClose }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <p className="dialog-lead">
        A provider’s API key says who pays for an answer. Yours is stored sealed on this server,
        used only for your questions, and never shown again.
      </p>
      <ul className="key-list">
        {providers.map((provider) => (
          <KeyRow
            key={provider.id}
            provider={provider}
            ownKey={keys.find((key) => key.provider === provider.id)}
            onSet={onSet}
            onTest={onTest}
            onRemove={onRemove}
          />
        ))}
      </ul>
    </Dialog>
  );
}
