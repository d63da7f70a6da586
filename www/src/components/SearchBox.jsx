/*
 * Finds conversations by their titles and texts.  Esc clears it, and leaves it
 * when it is empty; ↓ goes to what was found.
 */
import { Search, X } from 'lucide-react';
import { Icon, IconButton } from './Icon.jsx';

const isMac = /mac|iphone|ipad/i.test(navigator.platform);

export function SearchBox({ value, onChange, onDown, boxRef }) {
  function clear() {
    onChange('');
    boxRef.current.focus();
  }

  function onKeyDown(event) {
    if (event.key === 'ArrowDown') {
      event.preventDefault();
      onDown();
    }
    if (event.key !== 'Escape') return;
    // In an empty box of the sheet it is the sheet that Esc closes.
    if (!value && boxRef.current.closest('dialog')) return;
    event.preventDefault();
    event.stopPropagation();
    if (value) clear();
    else boxRef.current.blur();
  }

  return (
    <div role="search" className="search-box">
      <Icon as={Search} />
      <input
        ref={boxRef}
        className="field"
        type="search"
        aria-label="Search conversations"
        aria-keyshortcuts="Control+K Meta+K"
        placeholder="Search"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {value ? (
        <IconButton icon={X} size={16} label="Clear the search" onClick={clear} />
      ) : (
        <kbd aria-hidden="true">{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      )}
    </div>
  );
}
