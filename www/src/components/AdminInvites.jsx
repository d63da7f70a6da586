/*
 * Invitations: made, listed, revoked.  The code of a new one is shown until the
 * next one is made or this is closed; the server never tells it again.
 */
import { useState } from 'react';
import { usePaged } from '../hooks/usePaged.js';
import { useSubmit } from '../hooks/useSubmit.js';
import { faultsOf } from '../state/faults.js';
import { inviteLink } from '../state/invite.js';
import { fromNow } from '../state/time.js';
import { CopyButton } from './CopyButton.jsx';
import { Field } from './Field.jsx';
import { FormError, SubmitButton, useFocusOnFault } from './FormFoot.jsx';
import { Paged } from './Paged.jsx';

const NAMES = ['note', 'uses', 'expires_in'];
const USES_MAX = 1000;

/* [seconds, words] */
const LASTS = [
  [3600, 'an hour'],
  [86_400, 'a day'],
  [7 * 86_400, 'a week'],
  [30 * 86_400, '30 days'],
  [365 * 86_400, 'a year'],
];
const WEEK = 7 * 86_400;

function inviteOf(form) {
  const note = form.note.trim();
  return {
    ...(note && { note }),
    uses: Number(form.uses),
    expires_in: Number(form.expires_in),
  };
}

const isCount = (uses) => Number.isInteger(uses) && uses >= 1 && uses <= USES_MAX;

function InviteForm({ onCreate }) {
  const submit = useSubmit();
  const { fields, text } = faultsOf(submit.error, NAMES);
  const box = useFocusOnFault(fields);

  async function onSubmit(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const invite = inviteOf(Object.fromEntries(new FormData(form)));
    if (!isCount(invite.uses)) {
      submit.setError({ details: { uses: 'Enter a whole number from 1 to 1000.' } });
    } else if (await submit.run(() => onCreate(invite))) {
      form.reset();
    }
  }

  return (
    <form ref={box} className="form" onSubmit={onSubmit} noValidate>
      <div className="form-columns">
        <Field label="Note, for yourself" name="note" maxLength={200} autoComplete="off" placeholder="Who it is for"
          error={fields.note} />
        <Field label="Uses" name="uses" inputMode="numeric" autoComplete="off" defaultValue="1" error={fields.uses} />
        <Field as="select" label="Valid for" name="expires_in" defaultValue={WEEK} error={fields.expires_in}>
          {LASTS.map(([seconds, words]) => (
            <option key={seconds} value={seconds}>
              {words}
            </option>
          ))}
        </Field>
      </div>
      <FormError text={text} />
      <div className="form-foot">
        <SubmitButton form={submit} label="Make an invitation" busy="Making…" />
      </div>
    </form>
  );
}

function Shown({ label, text }) {
  return (
    <div className="shown-once-row">
      <Field label={label} readOnly value={text} onFocus={(event) => event.target.select()} />
      <CopyButton label={`Copy the ${label.toLowerCase()}`} text={() => text} />
    </div>
  );
}

function NewCode({ code }) {
  return (
    <section className="shown-once" aria-label="The new invitation" role="status">
      <p>Pass this on now: it is shown only this once.</p>
      <Shown label="Link" text={inviteLink(window.location.origin, code)} />
      <Shown label="Code" text={code} />
    </section>
  );
}

function facts({ uses_left: uses, expires_at: expires, created_by: by }) {
  const left = uses === 0 ? 'used up' : `${uses} ${uses === 1 ? 'use' : 'uses'} left`;
  return `${left} · expires ${fromNow(expires, Date.now())} · by ${by ?? 'llmselect-admin'}`;
}

function InviteRow({ invite, onRevoke }) {
  const form = useSubmit();
  const name = invite.note || 'No note';
  return (
    <li className="row">
      <div className="row-text">
        <p className="row-name">{name}</p>
        <p className="row-facts">{facts(invite)}</p>
      </div>
      <button
        type="button"
        className="button"
        data-kind="danger"
        aria-label={`Revoke the invitation “${name}”`}
        disabled={form.busy}
        onClick={() => form.run(() => onRevoke(invite))}
      >
        Revoke
      </button>
      <FormError text={form.error?.message} />
    </li>
  );
}

export function AdminInvites({ api }) {
  const list = usePaged(api.invites);
  const [made, setMade] = useState(null);

  async function create(invite) {
    setMade(await api.createInvite(invite));
    await list.go(1);
  }

  async function revoke(invite) {
    await api.revokeInvite(invite.id);
    setMade((shown) => (shown?.id === invite.id ? null : shown));
    await list.refresh();
  }

  return (
    <>
      <InviteForm onCreate={create} />
      {made && <NewCode code={made.code} />}
      <Paged list={list} noun="invitations" empty="No invitation is open.">
        {(invite) => <InviteRow key={invite.id} invite={invite} onRevoke={revoke} />}
      </Paged>
    </>
  );
}
