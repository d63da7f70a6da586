/* The way in: signing in, or making an account where the server allows it. */
import { useId, useState } from 'react';
import { Notice } from './Notice.jsx';
import { Mark } from './Mark.jsx';

const LEADS = {
  first: 'This is the first account here. It will be the administrator.',
  invite: 'You need an invitation to make an account here.',
};

function Field({ label, hint, error, ...props }) {
  const id = useId();
  return (
    <div className="form-row">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="field"
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-note` : undefined}
        {...props}
      />
      {(error || hint) && (
        <p id={`${id}-note`} className={error ? 'field-error' : 'field-hint'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

/* What can be said before asking the server; it has the last word. */
function problems({ username, password }) {
  const details = {};
  if (username.trim() === '') details.username = 'Enter your user name.';
  if (password === '') details.password = 'Enter your password.';
  return Object.keys(details).length > 0 ? details : null;
}

function useForm(submit) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);

  async function onSubmit(event) {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget));
    const details = problems(values);
    if (details) {
      setError({ details });
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await submit({ ...values, username: values.username.trim() });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return { busy, error, onSubmit, clear: () => setError(null) };
}

const MODES = {
  in: {
    title: 'Sign in',
    busy: 'Signing in…',
    ask: 'No account yet?',
    other: 'Create one',
    password: 'current-password',
  },
  up: {
    title: 'Create account',
    busy: 'Creating account…',
    ask: 'Have an account?',
    other: 'Sign in',
    password: 'new-password',
  },
};

export function SignIn({ registration, notice, onSignIn, onRegister }) {
  const [picked, setPicked] = useState(null);
  const open = registration?.open === true;
  const mode = picked ?? (open && registration.policy === 'first' ? 'up' : 'in');
  const words = MODES[mode];
  const form = useForm(mode === 'up' ? onRegister : onSignIn);
  const details = form.error?.details ?? {};
  const lead = mode === 'up' ? LEADS[registration?.policy] : null;

  function switchMode() {
    form.clear();
    setPicked(mode === 'up' ? 'in' : 'up');
  }

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <Mark />
        <h1>{words.title}</h1>
        {lead && <p className="sign-in-lead">{lead}</p>}
        {notice && <Notice text={notice} role="status" />}
        <form key={mode} onSubmit={form.onSubmit} noValidate>
          <Field
            label="User name"
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            hint={mode === 'up' ? '3 to 50 characters' : null}
            error={details.username}
          />
          <Field
            label="Password"
            name="password"
            type="password"
            autoComplete={words.password}
            hint={mode === 'up' ? 'At least 8 characters' : null}
            error={details.password}
          />
          {mode === 'up' && registration?.policy === 'invite' && (
            <Field label="Invitation" name="invite" autoComplete="off" error={details.invite} />
          )}
          {form.error?.message && Object.keys(details).length === 0 && (
            <p className="field-error" role="alert">
              {form.error.message}
            </p>
          )}
          <button type="submit" className="button wide" data-kind="primary" disabled={form.busy}>
            {form.busy ? words.busy : words.title}
          </button>
        </form>
        {open && (
          <p className="sign-in-switch">
            {words.ask}{' '}
            <button type="button" className="text-button" onClick={switchMode}>
              {words.other}
            </button>
          </p>
        )}
      </div>
    </main>
  );
}
