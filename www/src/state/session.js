/*
 * Who is signed in.  `phase` is one of
 *   loading      nobody has asked yet
 *   unreachable  asked, and no answer came: `error`
 *   signed_out   `registration` says whether an account can be made here,
 *                `notice` why the reader finds themselves here
 *   signed_in    `user`
 */

export const initialSession = {
  phase: 'loading',
  user: null,
  registration: null,
  notice: null,
  error: null,
};

const EXPIRED = 'Your session has ended. Sign in to go on; your conversations are kept.';

const DELETED = 'Your account is deleted, with everything that was kept of it.';

const rows = {
  signed_in: (state, { user }) => ({ ...initialSession, phase: 'signed_in', user }),
  signed_out: (state) => ({
    ...initialSession,
    phase: 'signed_out',
    registration: state.registration,
    notice: state.phase === 'signed_in' ? EXPIRED : null,
  }),
  left: (state) => ({
    ...initialSession,
    phase: 'signed_out',
    registration: state.registration,
  }),
  deleted: () => ({ ...initialSession, phase: 'signed_out', notice: DELETED }),
  registration: (state, { registration }) => ({ ...state, registration }),
  unreachable: (state, { error }) =>
    state.phase === 'signed_in' ? state : { ...state, phase: 'unreachable', error },
  asking: (state) => ({ ...state, phase: 'loading', error: null }),
};

export function sessionReducer(state, action) {
  return rows[action.type]?.(state, action) ?? state;
}
