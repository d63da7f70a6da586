/* Everything that is kept of oneself, as a file. */
import { useExport } from '../hooks/useExport.js';
import { sizeOf } from '../state/size.js';
import { Dialog } from './Dialog.jsx';
import { FormError } from './FormFoot.jsx';

const SAID = {
  ready: () => '',
  running: ({ bytes }) => (bytes === 0 ? 'Exporting…' : `Exporting… ${sizeOf(bytes)} so far`),
  done: ({ bytes }) => `Done. ${sizeOf(bytes)} went to your downloads.`,
  failed: () => '',
};

export function ExportDialog({ api, user, onClose }) {
  const file = useExport(api, user.username);
  const runs = file.status === 'running';
  return (
    <Dialog title="Export my data" onClose={onClose}>
      <p className="dialog-lead">
        One JSON file with your conversations in all their branches, your settings and sessions, and of
        your provider keys the last four characters.
      </p>
      <p className="form-status" role="status">
        {SAID[file.status](file)}
      </p>
      <FormError text={file.error?.message} />
      <div className="form-foot">
        {runs ? (
          <button type="button" className="button" data-kind="stop" onClick={file.stop}>
            Stop
          </button>
        ) : (
          <button type="button" className="button" data-kind="primary" onClick={file.start}>
            {file.status === 'ready' ? 'Export' : 'Export again'}
          </button>
        )}
      </div>
    </Dialog>
  );
}
