/*
 * The toasts of the page.  ToastProvider has them for all that is in it;
 * ToastOutlet is a place that shows them, and the one that came last does.
 */
import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { ToastContext, useToasts, useToastStack } from '../hooks/useToasts.js';
import { IconButton } from './Icon.jsx';

function Toast({ toast, onAct, onClose }) {
  return (
    <li className="toast" data-tone={toast.tone}>
      <p className="toast-text">{toast.text}</p>
      {toast.action && (
        <button type="button" className="button" onClick={onAct}>
          {toast.action}
        </button>
      )}
      <IconButton icon={X} size={16} label="Close this note" onClick={onClose} />
    </li>
  );
}

const HOLD = ['pointerenter', 'focusin'];
const RELEASE = ['pointerleave', 'focusout'];

/* Nobody's time runs out while they read or reach for a button. */
function useHolding(region, { hold, release }) {
  useEffect(() => {
    if (!region) return undefined;
    for (const name of HOLD) region.addEventListener(name, hold);
    for (const name of RELEASE) region.addEventListener(name, release);
    return () => {
      for (const name of HOLD) region.removeEventListener(name, hold);
      for (const name of RELEASE) region.removeEventListener(name, release);
      release();
    };
  }, [region, hold, release]);
}

export function ToastOutlet() {
  const stack = useToasts();
  const [outlet] = useState(() => ({}));
  const [region, setRegion] = useState(null);
  const { toasts, enter, release } = stack;

  useEffect(() => enter(outlet), [enter, outlet]);
  useHolding(region, stack);

  // What was pressed is gone without a farewell from pointer and focus.
  function end(how, id) {
    how(id);
    release();
  }

  if (!stack.isLast(outlet)) return null;
  return (
    <div className="toasts" role="status" ref={setRegion}>
      <ul>
        {toasts.map((toast) => (
          <Toast
            key={toast.id}
            toast={toast}
            onAct={() => end(stack.act, toast.id)}
            onClose={() => end(stack.close, toast.id)}
          />
        ))}
      </ul>
    </div>
  );
}

export function ToastProvider({ children }) {
  const stack = useToastStack();
  return (
    <ToastContext value={stack}>
      {children}
      <ToastOutlet />
    </ToastContext>
  );
}
