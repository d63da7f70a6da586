/*
 * The way in: signing in, or making an account where the server allows it.
 * `invite` is an invitation that came with the address.
 */
import { useState } from 'react';
import { useSubmit } from '../hooks/useSubmit.js';
import { faultsOf } from '../state/faults.js';
import { Field } from './Field.jsx';
import { FormError, SubmitButton, useFocusOnFault } from './FormFoot.jsx';
import { Mark } from './Mark.jsx';
import { Notice } from './Notice.jsx';

/* The first row that holds says what an account takes here. */
const LEADS = [
  [({ registration, invite }) => invite && !registration?.open, 'You were invited. Choose a name and a password.'],
  [({ registration }) => registration?.invite, 'You need an invitation to make an account here.'],
  [({ registration }) => registration?.policy === 'first', 'This is the first account here. It will be the administrator.'],
];

/* Which field an error that names none is about. */
const ABOUT = { conflict: 'username', forbidden: 'invite' };

/* What can be said before asking the server; it has the last word. */
function problems({ username, password, invite }) {
  const details = {};
  if (username.trim() === '') details.username = 'Enter your user name.';
  if (password === '') details.password = 'Enter your password.';
  if (invite?.trim() === '') details.invite = 'Enter the invitation that you were given.';
  return Object.keys(details).length > 0 ? details : null;
}

const trimmed = ({ username, password, invite }) => ({
  username: username.trim(),
  password,
  ...(invite && { invite: invite.trim() }),
});

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

function EntryForm({ mode, needsInvite, invite, submit }) {
  const words = MODES[mode];
  const form = useSubmit();
  const names = ['username', 'password', ...(needsInvite ? ['invite'] : [])];
  const { fields, text } = faultsOf(form.error, names, mode === 'up' ? ABOUT : {});
  const box = useFocusOnFault(fields);

  function onSubmit(event) {
    event.preventDefault();
    if (form.busy || form.wait > 0) return;
    const values = Object.fromEntries(new FormData(event.currentTarget));
    const details = problems(values);
    if (details) form.setError({ details });
    else form.run(() => submit(trimmed(values)));
  }

  return (
    <form ref={box} onSubmit={onSubmit} noValidate>
      {needsInvite && (
        <Field
          label="Invitation"
          name="invite"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          defaultValue={invite ?? ''}
          error={fields.invite}
        />
      )}
      <Field
        label="User name"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        hint={mode === 'up' ? '3 to 50 characters' : null}
        error={fields.username}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={words.password}
        hint={mode === 'up' ? 'At least 8 characters' : null}
        error={fields.password}
      />
      <FormError text={text} />
      <SubmitButton form={form} label={words.title} busy={words.busy} className="wide" />
    </form>
  );
}

export function SignIn({ registration, notice, invite = null, onSignIn, onRegister }) {
  const [picked, setPicked] = useState(null);
  const open = registration?.open === true;
  const canRegister = open || registration?.invite === true || invite !== null;
  const isFirst = open && registration.policy === 'first';
  const mode = picked ?? (isFirst || invite ? 'up' : 'in');
  const words = MODES[mode];
  const lead = mode === 'up' && LEADS.find(([holds]) => holds({ registration, invite }))?.[1];
  const needsInvite = mode === 'up' && (registration?.invite ?? (invite !== null && !open));

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <Mark />
        <h1>{words.title}</h1>
        {lead && <p className="sign-in-lead">{lead}</p>}
        {notice && <Notice text={notice} role="status" />}
        <EntryForm
          key={`${mode} ${invite}`}
          mode={mode}
          needsInvite={needsInvite}
          invite={invite}
          submit={mode === 'up' ? onRegister : onSignIn}
        />
        {canRegister && (
          <p className="sign-in-switch">
            {words.ask}{' '}
            <button
              type="button"
              className="text-button"
              onClick={() => setPicked(mode === 'up' ? 'in' : 'up')}
            >
              {words.other}
            </button>
          </p>
        )}
      </div>
    </main>
  );
}
