/*
 * Where one writes.  It grows with the text, up to 40 % of the height.  Enter
 * sends and Shift+Enter breaks the line, or Ctrl+Enter sends and Enter breaks it;
 * while an answer is on its way one can go on writing, and the button stops that
 * answer.  ↑ in the empty box is onUp.
 */
import { ArrowUp, Square } from 'lucide-react';
import { useLayoutEffect, useRef } from 'react';
import { Icon } from './Icon.jsx';

const HINTS = {
  true: 'Enter to send, Shift+Enter for a new line',
  false: 'Ctrl+Enter to send, Enter for a new line',
};

function SendButton({ disabled }) {
  return (
    <button type="submit" className="button send" data-kind="primary" disabled={disabled}>
      <Icon as={ArrowUp} />
      Send
    </button>
  );
}

function StopButton({ stopping, onStop }) {
  return (
    <button
      type="button"
      className="button send"
      data-kind="stop"
      aria-label={stopping ? 'Stopping…' : 'Stop (cancel)'}
      disabled={stopping}
      onClick={onStop}
    >
      <Icon as={Square} />
      {stopping ? 'Stopping…' : 'Stop'}
    </button>
  );
}

export function MessageInput({
  value,
  onChange,
  onSend,
  onStop,
  onUp,
  isStreaming,
  stopping = false,
  blocked = false,
  sendOnEnter = true,
  inputRef,
  panel = null,
  children,
}) {
  const own = useRef(null);
  const box = inputRef ?? own;
  const canSend = value.trim() !== '' && !isStreaming && !blocked;

  useLayoutEffect(() => {
    box.current.style.height = 'auto';
    box.current.style.height = `${box.current.scrollHeight}px`;
  }, [box, value]);

  function send(event) {
    event.preventDefault();
    if (canSend) onSend(value.trim());
  }

  function onKeyDown(event) {
    // While an input method is composing, Enter belongs to it.
    if (event.key === 'ArrowUp' && value === '' && onUp) {
      event.preventDefault();
      onUp();
    }
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    const withControl = event.ctrlKey || event.metaKey;
    if (withControl || (sendOnEnter && !event.shiftKey)) send(event);
  }

  return (
    <form className="composer" onSubmit={send}>
      <div className="composer-head">{children}</div>
      {panel}
      <textarea
        ref={box}
        className="composer-text"
        aria-label="Message"
        placeholder="Ask anything"
        rows={1}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="composer-foot">
        <span className="composer-hint">{HINTS[sendOnEnter]}</span>
        {isStreaming ? (
          <StopButton stopping={stopping} onStop={onStop} />
        ) : (
          <SendButton disabled={!canSend} />
        )}
      </div>
    </form>
  );
}
