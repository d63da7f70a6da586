/*
 * A new title, in the place of the old one.  Enter saves, and so does going
 * elsewhere; Esc gives up.  What could not be saved stays in the box, with why.
 */
import { useEffect, useId, useRef, useState } from 'react';

const TITLE_MAX = 200;

export function RenameForm({ title, onSave, onDone }) {
  const [text, setText] = useState(title);
  const [status, setStatus] = useState('ready'); // ready | saving | error
  const [error, setError] = useState(null);
  const box = useRef(null);
  const note = useId();

  useEffect(() => {
    box.current.focus();
    box.current.select();
  }, []);

  function refuse(why) {
    setStatus('error');
    setError(why);
  }

  async function save(focusAfter) {
    const wanted = text.trim();
    if (status === 'saving') return;
    if (wanted === title) {
      onDone(focusAfter);
      return;
    }
    if (wanted === '') {
      refuse('A title needs at least one character. Esc keeps the old one.');
      return;
    }
    setStatus('saving');
    setError(null);
    try {
      await onSave(wanted);
      onDone(focusAfter);
    } catch (failure) {
      refuse(failure.details?.title ?? failure.message);
    }
  }

  function submit(event) {
    event.preventDefault();
    save(true);
  }

  function onBlur() {
    if (status === 'error') return;
    if (text.trim() === '') onDone(false);
    else save(false);
  }

  function onKeyDown(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    onDone(true);
  }

  return (
    <form className="rename" onSubmit={submit}>
      <input
        ref={box}
        className="field"
        aria-label="Title"
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? note : undefined}
        aria-busy={status === 'saving'}
        maxLength={TITLE_MAX}
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={onBlur}
        onKeyDown={onKeyDown}
      />
      {error && (
        <p className="field-error" id={note} role="alert">
          {error}
        </p>
      )}
    </form>
  );
}
