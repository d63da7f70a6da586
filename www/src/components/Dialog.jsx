/*
 * A native modal dialog: the browser keeps the focus inside, gives it back, and
 * closes on Esc.  A click beside it closes it too.  Mounted means open.
 */
import { X } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { IconButton } from './Icon.jsx';
import { ToastOutlet } from './Toasts.jsx';

export function Dialog({ title, className = 'dialog', onClose, children }) {
  const dialog = useRef(null);
  const closed = useRef(onClose);

  useEffect(() => {
    closed.current = onClose;
  });

  // In the layout phase the dialog is still in the page when it goes, so that the
  // browser gives the focus back, to where the next dialog will give it back too.
  useLayoutEffect(() => {
    const box = dialog.current;
    const onClick = (event) => {
      if (event.target === box) box.close();
    };
    const onClosed = (event) => {
      if (event.target === box) closed.current();
    };
    box.showModal();
    box.addEventListener('click', onClick);
    box.addEventListener('close', onClosed);
    return () => {
      box.removeEventListener('click', onClick);
      box.removeEventListener('close', onClosed);
      box.close();
    };
  }, []);

  return (
    <dialog ref={dialog} className={className} aria-label={title}>
      <div className="dialog-body">
        <header className="dialog-head">
          <h2>{title}</h2>
          <IconButton icon={X} label="Close" onClick={() => dialog.current.close()} />
        </header>
        {children}
      </div>
      <ToastOutlet />
    </dialog>
  );
}
