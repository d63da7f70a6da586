/* A question being rewritten in its place.  Enter sends, Esc gives up. */
import { useEffect, useLayoutEffect, useRef } from 'react';

export function EditBox({ text, canSend, onChange, onSend, onCancel }) {
  const box = useRef(null);
  const sendable = canSend && text.trim() !== '';

  useLayoutEffect(() => {
    box.current.style.height = 'auto';
    box.current.style.height = `${box.current.scrollHeight}px`;
  }, [text]);

  useEffect(() => {
    box.current.focus();
    box.current.setSelectionRange(box.current.value.length, box.current.value.length);
  }, []);

  function send(event) {
    event.preventDefault();
    if (sendable) onSend();
  }

  function onKeyDown(event) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) send(event);
    if (event.key === 'Escape') {
      event.preventDefault();
      onCancel();
    }
  }

  return (
    <form className="edit-box" onSubmit={send}>
      <textarea
        ref={box}
        className="edit-text"
        aria-label="Edit the question"
        rows={1}
        value={text}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="edit-foot">
        <span className="composer-hint">The conversation goes on from here; what was is kept.</span>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button" data-kind="primary" disabled={!sendable}>
          Send
        </button>
      </div>
    </form>
  );
}
