/*
 * A native modal dialog: the browser keeps the focus inside, gives it back, and
 * closes on Esc.  A click beside it closes it too.  Mounted means open.
 */
import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { IconButton } from './Icon.jsx';
import { ToastOutlet } from './Toasts.jsx';

export function Dialog({ title, className = 'dialog', onClose, children }) {
  const dialog = useRef(null);

  useEffect(() => {
    const box = dialog.current;
    box.showModal();
    const onClick = (event) => {
      if (event.target === box) box.close();
    };
    box.addEventListener('click', onClick);
    return () => {
      box.removeEventListener('click', onClick);
      box.close();
    };
  }, []);

  return (
    <dialog ref={dialog} className={className} aria-label={title} onClose={onClose}>
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
