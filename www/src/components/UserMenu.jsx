/*
 * What belongs to one's account, behind one's name.  Arrow keys, Home, End and
 * the first letter move; Esc, Tab and a click beside it close.
 */
import {
  CircleUser,
  Download,
  Keyboard,
  KeyRound,
  LogOut,
  MonitorSmartphone,
  Settings,
  ShieldUser,
} from 'lucide-react';
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { Icon } from './Icon.jsx';

/* [name of the dialog, label, icon, who sees it] */
const ITEMS = [
  ['settings', 'Settings', Settings],
  ['keys', 'Keys', KeyRound],
  ['sessions', 'Sessions', MonitorSmartphone],
  ['export', 'Export my data', Download],
  ['admin', 'Administration', ShieldUser, (user) => user.is_admin],
  ['help', 'Keyboard help', Keyboard],
];

const MOVES = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at - 1 + count) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

function moved(key, items, at) {
  if (MOVES[key]) return items[MOVES[key](at, items.length)];
  if (key.length !== 1) return null;
  const later = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return later.find((item) => item.textContent.toLowerCase().startsWith(key.toLowerCase()));
}

function useClickBeside(box, isOpen, close) {
  useEffect(() => {
    if (!isOpen) return undefined;
    const onPointerDown = (event) => {
      if (!box.current.contains(event.target)) close();
    };
    document.addEventListener('pointerdown', onPointerDown);
    return () => document.removeEventListener('pointerdown', onPointerDown);
  }, [box, isOpen, close]);
}

function MenuItem({ icon, label, onPick }) {
  return (
    <button type="button" role="menuitem" tabIndex={-1} className="menu-item" onClick={onPick}>
      <Icon as={icon} />
      {label}
    </button>
  );
}

export function UserMenu({ user, onPick, onSignOut }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const box = useRef(null);
  const button = useRef(null);
  const menu = useRef(null);
  const hide = useCallback(() => setOpen(false), []);
  useClickBeside(box, isOpen, hide);

  useEffect(() => {
    if (isOpen) menu.current.querySelector('[role="menuitem"]').focus();
  }, [isOpen]);

  function close() {
    button.current.focus();
    hide();
  }

  /* The dialog that opens gives the focus back to the button. */
  function pick(work) {
    close();
    work();
  }

  function onKeyDown(event) {
    if (event.key === 'Tab') {
      close();
      return;
    }
    if (event.key === 'Escape') {
      event.preventDefault();
      close();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...menu.current.querySelectorAll('[role="menuitem"]')];
    const next = moved(event.key, items, items.indexOf(document.activeElement));
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function onButtonKeyDown(event) {
    if (isOpen || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
    event.preventDefault();
    setOpen(true);
  }

  return (
    <div className="user-menu" ref={box}>
      <button
        ref={button}
        type="button"
        className="user-button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-label={`Account of ${user.username}`}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={onButtonKeyDown}
      >
        <Icon as={CircleUser} size={20} />
        <span className="user-name">{user.username}</span>
      </button>
      {isOpen && (
        <div id={id} ref={menu} role="menu" tabIndex={-1} aria-label="Account" className="menu" onKeyDown={onKeyDown}>
          <p className="menu-head" role="presentation">
            {user.username}
          </p>
          {ITEMS.filter(([, , , isFor]) => !isFor || isFor(user)).map(([name, label, icon]) => (
            <MenuItem key={name} icon={icon} label={label} onPick={() => pick(() => onPick(name))} />
          ))}
          <hr className="menu-rule" />
          <MenuItem icon={LogOut} label="Sign out" onPick={() => pick(onSignOut)} />
        </div>
      )}
    </div>
  );
}
