/* The whole page: the way in, or the workspace of who came in. */
import { useCallback, useMemo, useRef, useState } from 'react';
import { ErrorBoundary, PageFault } from './components/ErrorBoundary.jsx';
import { Mark } from './components/Mark.jsx';
import { SignIn } from './components/SignIn.jsx';
import { ToastProvider } from './components/Toasts.jsx';
import { Workspace } from './components/Workspace.jsx';
import { useInvite } from './hooks/useInvite.js';
import { useSession } from './hooks/useSession.js';
import { useTheme } from './hooks/useTheme.js';

function Unreachable({ error, onRetry }) {
  return (
    <main className="plain-page">
      <Mark />
      <h1>LLMSelect cannot be reached</h1>
      <p>{error.message}</p>
      <button type="button" className="button" data-kind="primary" onClick={onRetry}>
        Try again
      </button>
    </main>
  );
}

/*
 * What somebody was writing, for when their session ends under it: in memory
 * only, and only until they sign out or somebody else signs in.
 */
function useDrafts() {
  const kept = useRef({ userId: null, text: '' });
  return useMemo(
    () => ({
      of: (userId) => (kept.current.userId === userId ? kept.current.text : ''),
      keep: (userId, text) => {
        kept.current = { userId, text };
      },
      forget: () => {
        kept.current = { userId: null, text: '' };
      },
    }),
    [],
  );
}

function Page({ api }) {
  const session = useSession(api);
  const { theme, setTheme } = useTheme();
  const { invite, forget } = useInvite();
  const [leaveError, setLeaveError] = useState(null);
  const drafts = useDrafts();
  const { signOut, register, deleteAccount } = session;

  const leave = useCallback(() => {
    setLeaveError(null);
    // The next one to sign in here starts at the beginning, not at our address.
    signOut().then(() => {
      drafts.forget();
      window.history.replaceState(null, '', '/');
    }, setLeaveError);
  }, [drafts, signOut]);

  const registerHere = useCallback(
    async (credentials) => {
      await register(credentials);
      forget();
    },
    [register, forget],
  );

  const deleteHere = useCallback(
    async (password) => {
      await deleteAccount(password);
      drafts.forget();
      window.history.replaceState(null, '', '/');
    },
    [deleteAccount, drafts],
  );

  switch (session.phase) {
    case 'signed_in':
      return (
        <>
          {leaveError && (
            <p className="banner" role="alert">
              You are still signed in. {leaveError.message}
            </p>
          )}
          {/* Another user is another page: nothing of the last one is kept. */}
          <ToastProvider key={session.user.id}>
            <Workspace
              api={api}
              session={{ ...session, deleteAccount: deleteHere }}
              theme={theme}
              onTheme={setTheme}
              drafts={drafts}
              onSignOut={leave}
            />
          </ToastProvider>
        </>
      );
    case 'signed_out':
      return (
        <SignIn
          registration={session.registration}
          notice={session.notice}
          invite={invite}
          onSignIn={session.signIn}
          onRegister={registerHere}
        />
      );
    case 'unreachable':
      return <Unreachable error={session.error} onRetry={session.tryAgain} />;
    default:
      return <p className="page-loading">Loading…</p>;
  }
}

export function App({ api }) {
  return (
    <ErrorBoundary fallback={<PageFault />}>
      <Page api={api} />
    </ErrorBoundary>
  );
}
