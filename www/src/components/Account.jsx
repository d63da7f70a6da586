/*
 * What is open of one's account, where something is.  The dialogs come in files
 * of their own, so that the first load is without them.
 */
import { lazy, Suspense } from 'react';
import { Dialog } from './Dialog.jsx';
import { ErrorBoundary } from './ErrorBoundary.jsx';

const Dialogs = lazy(() => import('./AccountDialogs.jsx'));
const Administration = lazy(() => import('./AdminDialog.jsx'));

/* Each name with what draws it. */
const PARTS = {
  settings: Dialogs,
  password: Dialogs,
  sessions: Dialogs,
  export: Dialogs,
  delete: Dialogs,
  help: Dialogs,
  admin: Administration,
};

/* Offline, or the server has a newer page than this one. */
function NotLoaded({ onClose }) {
  return (
    <Dialog title="Not loaded" onClose={onClose}>
      <p>This part of the page could not be loaded. Check the connection, then reload the page.</p>
      <div className="form-foot">
        <button type="button" className="button" data-kind="primary" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    </Dialog>
  );
}

export function Account({ open, onClose, ...props }) {
  const Part = PARTS[open];
  if (!Part) return null;
  return (
    <ErrorBoundary key={open} fallback={<NotLoaded onClose={onClose} />}>
      <Suspense>
        <Part name={open} onClose={onClose} {...props} />
      </Suspense>
    </ErrorBoundary>
  );
}
