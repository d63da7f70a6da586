/* The end of an account: what goes, the export before it, and the password. */
import { useSubmit } from '../hooks/useSubmit.js';
import { faultsOf } from '../state/faults.js';
import { Dialog } from './Dialog.jsx';
import { Field } from './Field.jsx';
import { FormError, SubmitButton, useFocusOnFault } from './FormFoot.jsx';

export function DeleteAccountDialog({ user, onDelete, onOpen, onClose }) {
  const submit = useSubmit();
  const { fields, text } = faultsOf(submit.error, ['password']);
  const box = useFocusOnFault(fields);

  function onSubmit(event) {
    event.preventDefault();
    if (submit.busy || submit.wait > 0) return;
    const password = new FormData(event.currentTarget).get('password');
    if (password === '') submit.setError({ details: { password: 'Enter your password.' } });
    else submit.run(() => onDelete(password));
  }

  return (
    <Dialog title="Delete my account" onClose={onClose}>
      <p className="dialog-lead">
        The account “{user.username}” goes, with all its conversations, provider keys, settings and
        sessions. It goes at once and for good; nobody can bring it back.
      </p>
      <div className="form-foot">
        <button type="button" className="button" onClick={() => onOpen('export')}>
          Export my data first
        </button>
      </div>
      <form ref={box} className="form" onSubmit={onSubmit} noValidate>
        <Field label="Password" name="password" type="password" autoComplete="current-password"
          hint="To be sure that it is you" error={fields.password} />
        <FormError text={text} />
        <div className="form-foot">
          <SubmitButton form={submit} label="Delete my account" busy="Deleting…" kind="danger" />
          <button type="button" className="button" onClick={onClose}>
            Keep it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
