/*
 * What can be done with a conversation, as a menu beside its row.  Rows of
 * { label, icon, danger, run }.  Arrows, Home and End go through it; Esc, Tab
 * and a press elsewhere close it.  `anchor` is the button that opened it, which
 * has the focus again when nothing was chosen.
 */
import { useEffect, useLayoutEffect, useRef } from 'react';
import { Icon } from './Icon.jsx';

const GAP_PX = 4;
const EDGE_PX = 8;

/* Below its button, or above it where there is no room. */
function place(menu, anchor) {
  const button = anchor.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = button.bottom + GAP_PX;
  const fits = below + height <= window.innerHeight - EDGE_PX;
  const left = Math.min(button.right - width, window.innerWidth - width - EDGE_PX);
  menu.style.top = `${fits ? below : Math.max(EDGE_PX, button.top - GAP_PX - height)}px`;
  menu.style.left = `${Math.max(EDGE_PX, left)}px`;
}

/* From the one at `at` of `count`, by key. */
const MOVES = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at - 1 + count) % count,
  Home: () => 0,
  End: (_at, count) => count - 1,
};

export function ConversationMenu({ label, anchor, rows, onClose }) {
  const menu = useRef(null);

  useLayoutEffect(() => {
    // Over everything, so that what scrolls does not cut it off.
    menu.current.showPopover?.();
    place(menu.current, anchor);
    menu.current.querySelector('button').focus();
  }, [anchor]);

  useEffect(() => {
    const onAway = (event) => {
      if (menu.current.contains(event.target) || anchor.contains(event.target)) return;
      onClose();
    };
    document.addEventListener('pointerdown', onAway);
    document.addEventListener('scroll', onAway, true);
    window.addEventListener('resize', onClose);
    return () => {
      document.removeEventListener('pointerdown', onAway);
      document.removeEventListener('scroll', onAway, true);
      window.removeEventListener('resize', onClose);
    };
  }, [anchor, onClose]);

  function leave() {
    anchor.focus();
    onClose();
  }

  function onKeyDown(event) {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      leave();
    } else if (event.key === 'Tab') {
      leave();
    } else if (MOVES[event.key]) {
      event.preventDefault();
      const buttons = [...menu.current.querySelectorAll('button')];
      const at = buttons.indexOf(document.activeElement);
      buttons[MOVES[event.key](at, buttons.length)].focus();
    }
  }

  function choose(row) {
    leave();
    row.run();
  }

  return (
    <div
      ref={menu}
      className="row-menu"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      popover="manual"
      onKeyDown={onKeyDown}
    >
      {rows.map((row) => (
        <button
          key={row.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className="row-menu-item"
          data-kind={row.danger ? 'danger' : undefined}
          onClick={() => choose(row)}
        >
          <Icon as={row.icon} />
          {row.label}
        </button>
      ))}
    </div>
  );
}
