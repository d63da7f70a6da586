/* Another password, which ends all other sessions. */
import { useState } from 'react';
import { useSubmit } from '../hooks/useSubmit.js';
import { faultsOf } from '../state/faults.js';
import { Dialog } from './Dialog.jsx';
import { Field } from './Field.jsx';
import { FormError, SubmitButton, useFocusOnFault } from './FormFoot.jsx';

const NAMES = ['password', 'new_password'];

function problems(values) {
  const details = {};
  if (values.password === '') details.password = 'Enter the password that you have now.';
  if (values.new_password === '') details.new_password = 'Enter the new password.';
  return Object.keys(details).length > 0 ? details : null;
}

function Done({ onClose }) {
  return (
    <>
      <p role="status">Your password is changed. Every other session has ended.</p>
      <div className="form-foot">
        <button type="button" className="button" data-kind="primary" autoFocus onClick={onClose}>
          Close
        </button>
      </div>
    </>
  );
}

function PasswordForm({ user, onChange, onDone }) {
  const submit = useSubmit();
  const { fields, text } = faultsOf(submit.error, NAMES);
  const box = useFocusOnFault(fields);

  async function onSubmit(event) {
    event.preventDefault();
    if (submit.busy || submit.wait > 0) return;
    const { password, new_password } = Object.fromEntries(new FormData(event.currentTarget));
    const details = problems({ password, new_password });
    if (details) submit.setError({ details });
    else if (await submit.run(() => onChange({ password, new_password }))) onDone();
  }

  return (
    <form ref={box} className="form" onSubmit={onSubmit} noValidate>
      {/* So that a password manager knows whose password this is. */}
      <input className="visually-hidden" name="username" autoComplete="username" value={user.username}
        readOnly tabIndex={-1} aria-hidden="true" />
      <Field label="Current password" name="password" type="password" autoComplete="current-password"
        error={fields.password} />
      <Field label="New password" name="new_password" type="password" autoComplete="new-password"
        hint="At least 8 characters" error={fields.new_password} />
      <FormError text={text} />
      <div className="form-foot">
        <SubmitButton form={submit} label="Change password" busy="Changing…" />
      </div>
    </form>
  );
}

export function PasswordDialog({ user, onPassword, onClose }) {
  const [done, setDone] = useState(false);
  return (
    <Dialog title="Change password" onClose={onClose}>
      <p className="dialog-lead">
        Everywhere else where you are signed in, the session ends and what runs there is stopped. This
        page stays signed in.
      </p>
      {done ? (
        <Done onClose={onClose} />
      ) : (
        <PasswordForm user={user} onChange={onPassword} onDone={() => setDone(true)} />
      )}
    </Dialog>
  );
}
