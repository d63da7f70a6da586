/* Where one is signed in, and the end of it. */
import { usePaged } from '../hooks/usePaged.js';
import { useSubmit } from '../hooks/useSubmit.js';
import { deviceOf } from '../state/device.js';
import { dayOf, fromNow } from '../state/time.js';
import { Dialog } from './Dialog.jsx';
import { FormError } from './FormFoot.jsx';
import { Paged } from './Paged.jsx';

function facts({ current, address, seen_at: seen, created_at: created }) {
  const last = current ? 'in use now' : `last seen ${fromNow(seen, Date.now())}`;
  return [last, address, `signed in on ${dayOf(created)}`].filter(Boolean).join(' · ');
}

function SessionRow({ session, onEnd }) {
  const form = useSubmit();
  const device = deviceOf(session.user_agent);
  return (
    <li className="row">
      <div className="row-text">
        <p className="row-name">
          {device}
          {session.current && <span className="tag">This session</span>}
        </p>
        <p className="row-facts">{facts(session)}</p>
      </div>
      {!session.current && (
        <button
          type="button"
          className="button"
          aria-label={`End the session of ${device}, ${session.address}`}
          disabled={form.busy}
          onClick={() => form.run(() => onEnd(session))}
        >
          End
        </button>
      )}
      <FormError text={form.error?.message} />
    </li>
  );
}

export function SessionsDialog({ api, onClose }) {
  const list = usePaged(api.sessions);
  const all = useSubmit();

  async function end(session) {
    // One that has ended by itself meanwhile is what was wanted.
    await api.endSession(session.id).catch((error) => {
      if (error.status !== 404) throw error;
    });
    await list.refresh();
  }

  async function endOthers() {
    await api.endOtherSessions();
    await list.go(1);
  }

  return (
    <Dialog title="Sessions" onClose={onClose}>
      <p className="dialog-lead">
        Where you are signed in. A session that is ended has to sign in again; what runs for it is stopped.
      </p>
      <Paged list={list} noun="sessions">
        {(session) => <SessionRow key={session.id} session={session} onEnd={end} />}
      </Paged>
      <FormError text={all.error?.message} />
      {list.total > 1 && (
        <div className="form-foot">
          <button
            type="button"
            className="button"
            data-kind="danger"
            disabled={all.busy}
            onClick={() => all.run(endOthers)}
          >
            {all.busy ? 'Ending…' : 'End all other sessions'}
          </button>
        </div>
      )}
    </Dialog>
  );
}
