/* The keys that the page knows. */
import { Fragment } from 'react';
import { keyboardHelp } from '../state/keyboard.js';
import { Dialog } from './Dialog.jsx';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

function Keys({ keys }) {
  return keys.map((key, i) => (
    <Fragment key={key}>
      {i > 0 && '+'}
      <kbd>{key}</kbd>
    </Fragment>
  ));
}

export function HelpDialog({ settings, onClose }) {
  const rows = keyboardHelp({ sendOnEnter: settings.settings.send_on_enter, isMac });
  return (
    <Dialog title="Keyboard help" onClose={onClose}>
      <dl className="key-help">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>
              <Keys keys={keys} />
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
