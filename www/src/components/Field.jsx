/*
 * A control with its label over it, and under it what is wrong with what was
 * entered, or else a hint.
 */
import { useId } from 'react';

function Row({ id, label, hint, error, children }) {
  return (
    <div className="form-row">
      <label htmlFor={id}>{label}</label>
      {children}
      {(error || hint) && (
        <p id={`${id}-note`} className={error ? 'field-error' : 'field-hint'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export function Field({ as: Control = 'input', label, hint, error, className = '', ...props }) {
  const id = useId();
  return (
    <Row id={id} label={label} hint={hint} error={error}>
      <Control
        id={id}
        className={`field ${className}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-note` : undefined}
        {...props}
      />
    </Row>
  );
}
