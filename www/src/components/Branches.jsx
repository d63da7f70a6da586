/*
 * "2 of 3": which of the messages in this place is shown, and the way to the
 * others, by its buttons or with ← and → on either of them.  A button that leads
 * nowhere stays, so that the focus does.
 */
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { branchOf } from '../state/branches.js';
import { IconButton } from './Icon.jsx';

export function Branches({ message, busy, onShow }) {
  const branch = branchOf(message);
  if (!branch) return null;
  const show = (id) => id && !busy && onShow(id);
  const onKeyDown = (event) => {
    if (event.key === 'ArrowLeft') show(branch.before);
    if (event.key === 'ArrowRight') show(branch.after);
  };
  const what = message.role === 'user' ? 'question' : 'answer';
  return (
    <div className="branches" role="group" aria-label={`Versions of this ${what}`}>
      <IconButton
        icon={ChevronLeft}
        size={16}
        label={`Previous ${what}`}
        aria-disabled={busy || !branch.before}
        onClick={() => show(branch.before)}
        onKeyDown={onKeyDown}
      />
      <span className="branches-count" aria-live="polite">
        {branch.number}/{branch.count}
      </span>
      <IconButton
        icon={ChevronRight}
        size={16}
        label={`Next ${what}`}
        aria-disabled={busy || !branch.after}
        onClick={() => show(branch.after)}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
