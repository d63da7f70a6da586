/*
 * Who is signed in, and the ways in and out.  signIn, register,
 * changePassword and deleteAccount reject with the server's ApiError, for the
 * form to show.
 */
import { useCallback, useEffect, useReducer } from 'react';
import { initialSession, sessionReducer } from '../state/session.js';

/* Refusals of these are answers about a password, not about the session. */
const WAYS_IN = new Set(['/auth/login', '/auth/register', '/auth/me']);

export function useSession(api) {
  const [session, dispatch] = useReducer(sessionReducer, initialSession);

  const enter = useCallback(
    ({ user, csrf_token: csrfToken }) => {
      api.setCsrfToken(csrfToken);
      dispatch({ type: 'signed_in', user });
    },
    [api],
  );

  const refresh = useCallback(async () => {
    try {
      enter(await api.me());
    } catch (error) {
      if (error.status !== 401) {
        dispatch({ type: 'unreachable', error });
        return;
      }
      api.setCsrfToken(null);
      dispatch({ type: 'signed_out' });
    }
  }, [api, enter]);

  useEffect(() => {
    api.onStaleSession((error, path) => {
      if (!WAYS_IN.has(path)) refresh();
    });
    refresh();
    return () => api.onStaleSession(null);
  }, [api, refresh]);

  const signedOut = session.phase === 'signed_out';
  useEffect(() => {
    if (!signedOut) return;
    api
      .registration()
      .then((registration) => dispatch({ type: 'registration', registration }))
      .catch(() => dispatch({ type: 'registration', registration: { open: false } }));
  }, [api, signedOut]);

  const signIn = useCallback(
    async (credentials) => enter(await api.login(credentials)),
    [api, enter],
  );

  const register = useCallback(
    async (credentials) => enter(await api.register(credentials)),
    [api, enter],
  );

  /* This session goes on with new tokens; the others have ended. */
  const changePassword = useCallback(
    async (passwords) => enter(await api.changePassword(passwords)),
    [api, enter],
  );

  const deleteAccount = useCallback(
    async (password) => {
      try {
        await api.deleteAccount(password);
      } catch (error) {
        if (error.status === 401) refresh();
        throw error;
      }
      api.setCsrfToken(null);
      dispatch({ type: 'deleted' });
    },
    [api, refresh],
  );

  const signOut = useCallback(async () => {
    try {
      await api.logout();
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    api.setCsrfToken(null);
    dispatch({ type: 'left' });
  }, [api]);

  const tryAgain = useCallback(() => {
    dispatch({ type: 'asking' });
    refresh();
  }, [refresh]);

  return { ...session, signIn, register, changePassword, deleteAccount, signOut, tryAgain };
}
