/* A conversation in the list: the way to it, and the menu of what one does with it. */
import { Braces, Ellipsis, FileText, Pencil, Pin, PinOff, Trash2 } from 'lucide-react';
import { memo, useCallback, useRef, useState } from 'react';
import { pathOf } from '../hooks/useRoute.js';
import { titleOf } from '../state/conversations.js';
import { ConversationMenu } from './ConversationMenu.jsx';
import { IconButton } from './Icon.jsx';
import { RenameForm } from './RenameForm.jsx';

function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/* The row that takes the place of one that goes, or what else the list has. */
function neighbourOf(link) {
  const links = [...link.closest('.sidebar').querySelectorAll('a.conversation')];
  const at = links.indexOf(link);
  return links[at + 1] ?? links[at - 1] ?? link.closest('.sidebar').querySelector('.new-chat');
}

function menuRows(item, { onRename, onRemove, actions }) {
  return [
    { label: 'Rename', icon: Pencil, run: onRename },
    {
      label: item.pinned ? 'Unpin' : 'Pin',
      icon: item.pinned ? PinOff : Pin,
      run: () => actions.togglePin(item),
    },
    { label: 'Export as Markdown', icon: FileText, run: () => actions.save(item, 'markdown') },
    { label: 'Export as JSON', icon: Braces, run: () => actions.save(item, 'json') },
    { label: 'Delete', icon: Trash2, danger: true, run: onRemove },
  ];
}

export const ConversationRow = memo(function ConversationRow({
  item,
  current,
  running,
  onOpen,
  actions,
}) {
  const [mode, setMode] = useState('link'); // link | menu | rename
  const link = useRef(null);
  const button = useRef(null);
  const title = titleOf(item);
  const toLink = useCallback(() => setMode('link'), []);

  function open(event) {
    // Other clicks mean a new tab or window, which the address allows.
    if (!isPlainClick(event)) return;
    event.preventDefault();
    onOpen(item.id);
  }

  function remove() {
    neighbourOf(link.current)?.focus();
    actions.remove(item);
  }

  function renamed(focus) {
    setMode('link');
    if (focus) requestAnimationFrame(() => link.current?.focus());
  }

  if (mode === 'rename') {
    return (
      <li>
        <RenameForm
          title={item.title}
          onSave={(text) => actions.rename(item.id, text)}
          onDone={renamed}
        />
      </li>
    );
  }
  return (
    <li className="conversation-row" data-open={mode === 'menu' ? '' : undefined}>
      <a
        ref={link}
        className="conversation"
        href={pathOf(item.id)}
        title={title}
        aria-current={current ? 'page' : undefined}
        onClick={open}
      >
        <span className="conversation-title">{title}</span>
        {running && (
          <span className="running-mark">
            <span className="visually-hidden">, answering</span>
          </span>
        )}
      </a>
      <IconButton
        ref={button}
        icon={Ellipsis}
        size={16}
        label={`Options of “${title}”`}
        aria-haspopup="menu"
        aria-expanded={mode === 'menu'}
        onClick={() => setMode(mode === 'menu' ? 'link' : 'menu')}
      />
      {mode === 'menu' && (
        <ConversationMenu
          label={`Options of “${title}”`}
          anchor={button.current}
          rows={menuRows(item, { onRename: () => setMode('rename'), onRemove: remove, actions })}
          onClose={toLink}
        />
      )}
    </li>
  );
});
