/*
 * The end of a form: what went wrong as a whole, and the button, which counts
 * down while the server takes no further try.
 */
import { useEffect, useRef } from 'react';

export function SubmitButton({ form, label, busy, kind = 'primary', className = '' }) {
  const text = form.wait > 0 ? `Wait ${form.wait} s` : form.busy ? busy : label;
  return (
    <button
      type="submit"
      className={`button ${className}`}
      data-kind={kind}
      disabled={form.busy || form.wait > 0}
    >
      {text}
    </button>
  );
}

export function FormError({ text }) {
  if (!text) return null;
  return (
    <p className="field-error" role="alert">
      {text}
    </p>
  );
}

/* After a refusal the first field that is wrong has the focus. */
export function useFocusOnFault(fields) {
  const form = useRef(null);
  const names = Object.keys(fields).join(' ');

  useEffect(() => {
    if (names) form.current?.querySelector('[aria-invalid]')?.focus();
  }, [names]);

  return form;
}
