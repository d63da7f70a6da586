/* The accounts: found by name, disabled or not, administrators or not, deleted. */
import { useEffect, useRef, useState } from 'react';
import { usePaged } from '../hooks/usePaged.js';
import { useSubmit } from '../hooks/useSubmit.js';
import { dayOf, fromNow } from '../state/time.js';
import { FormError } from './FormFoot.jsx';
import { Paged } from './Paged.jsx';

const TYPING_MS = 250; // that long after the last key is looked for it

function Search({ onFind }) {
  const [text, setText] = useState('');
  const found = useRef('');
  const find = useRef(onFind);

  useEffect(() => {
    find.current = onFind;
  });

  useEffect(() => {
    const timer = setTimeout(() => {
      const wanted = text.trim();
      if (wanted === found.current) return;
      found.current = wanted;
      find.current(wanted);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);

  return (
    <input
      className="field rows-search"
      type="search"
      aria-label="Find a user by name"
      placeholder="Find a user"
      autoComplete="off"
      spellCheck={false}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}

function facts({ last_seen_at: seen, created_at: created }) {
  const last = seen ? `last seen ${fromNow(seen, Date.now())}` : 'not signed in';
  return `${last} · since ${dayOf(created)}`;
}

function DeleteQuestion({ name, busy, onDelete, onKeep }) {
  return (
    <div className="row-question" role="alertdialog" aria-label={`Delete ${name}`}>
      <p>Delete “{name}”, with all conversations, keys and sessions, for good?</p>
      <div className="form-foot">
        <button type="button" className="button" autoFocus onClick={onKeep}>
          Keep
        </button>
        <button type="button" className="button" data-kind="danger" disabled={busy} onClick={onDelete}>
          {busy ? 'Deleting…' : `Delete ${name}`}
        </button>
      </div>
    </div>
  );
}

function Actions({ account, busy, onChange, onAsk }) {
  const { username: name, disabled, is_admin: isAdmin } = account;
  return (
    <div className="row-actions">
      <button
        type="button"
        className="button"
        aria-label={`${isAdmin ? 'No administrator' : 'Make administrator'}: ${name}`}
        disabled={busy}
        onClick={() => onChange({ is_admin: !isAdmin })}
      >
        {isAdmin ? 'No administrator' : 'Make administrator'}
      </button>
      <button
        type="button"
        className="button"
        aria-label={`${disabled ? 'Enable' : 'Disable'} ${name}`}
        disabled={busy}
        onClick={() => onChange({ disabled: !disabled })}
      >
        {disabled ? 'Enable' : 'Disable'}
      </button>
      <button
        type="button"
        className="button"
        data-kind="danger"
        aria-label={`Delete ${name}`}
        disabled={busy}
        onClick={onAsk}
      >
        Delete
      </button>
    </div>
  );
}

/* One's own account is changed in Settings, and by other administrators. */
function UserRow({ account, isOwn, onChange, onDelete }) {
  const [asking, setAsking] = useState(false);
  const form = useSubmit();
  const { username: name } = account;
  return (
    <li className="row" data-off={account.disabled || undefined}>
      <div className="row-text">
        <p className="row-name">
          {name}
          {isOwn && <span className="tag">You</span>}
          {account.is_admin && <span className="tag">Administrator</span>}
          {account.disabled && <span className="tag" data-tone="warn">Disabled</span>}
        </p>
        <p className="row-facts">{facts(account)}</p>
      </div>
      {!isOwn && !asking && (
        <Actions
          account={account}
          busy={form.busy}
          onChange={(change) => form.run(() => onChange(account, change))}
          onAsk={() => setAsking(true)}
        />
      )}
      {asking && (
        <DeleteQuestion
          name={name}
          busy={form.busy}
          onDelete={() => form.run(() => onDelete(account))}
          onKeep={() => setAsking(false)}
        />
      )}
      <FormError text={form.error?.message} />
    </li>
  );
}

export function AdminUsers({ api, user }) {
  const list = usePaged(api.users);

  async function change(account, fields) {
    list.change(await api.changeUser(account.id, fields));
  }

  async function remove(account) {
    await api.deleteUser(account.id);
    await list.refresh();
  }

  return (
    <>
      <Search onFind={list.find} />
      <Paged list={list} noun="users" empty={`Nothing matches “${list.search}”.`}>
        {(account) => (
          <UserRow
            key={account.id}
            account={account}
            isOwn={account.id === user.id}
            onChange={change}
            onDelete={remove}
          />
        )}
      </Paged>
    </>
  );
}
