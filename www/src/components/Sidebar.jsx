/* The conversations, by when they were last used, and the way to a new one. */
import { Plus } from 'lucide-react';
import { groupConversations } from '../state/conversations.js';
import { pathOf } from '../hooks/useRoute.js';
import { Icon } from './Icon.jsx';

function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

function Item({ item, current, onOpen }) {
  function open(event) {
    // Other clicks mean a new tab or window, which the address allows.
    if (!isPlainClick(event)) return;
    event.preventDefault();
    onOpen(item.id);
  }
  return (
    <li>
      <a
        className="conversation"
        href={pathOf(item.id)}
        aria-current={current ? 'page' : undefined}
        onClick={open}
      >
        {item.title || 'New conversation'}
      </a>
    </li>
  );
}

function Skeleton() {
  return (
    <div className="skeleton" role="status" aria-label="Loading conversations">
      <span />
      <span />
      <span />
    </div>
  );
}

function Body({ list, currentId, onOpen }) {
  if (list.phase === 'loading') return <Skeleton />;
  if (list.phase === 'failed') {
    return (
      <div className="sidebar-note">
        <p>The conversations could not be loaded.</p>
        <button type="button" className="button" onClick={list.refresh}>
          Try again
        </button>
      </div>
    );
  }
  if (list.items.length === 0) {
    return <p className="sidebar-note">Your conversations will be listed here.</p>;
  }
  return groupConversations(list.items, list.at).map(({ name, items }) => (
    <section key={name} aria-label={name}>
      <h3 className="sidebar-group">{name}</h3>
      <ul className="conversation-list">
        {items.map((item) => (
          <Item key={item.id} item={item} current={item.id === currentId} onOpen={onOpen} />
        ))}
      </ul>
    </section>
  ));
}

export function Sidebar({ list, currentId, onOpen, onNew }) {
  return (
    <nav className="sidebar" aria-label="Conversations">
      <button type="button" className="button new-chat" onClick={onNew}>
        <Icon as={Plus} />
        New chat
      </button>
      <div className="sidebar-scroll">
        <Body list={list} currentId={currentId} onOpen={onOpen} />
        {list.phase === 'ready' && list.items.length < list.total && (
          <button type="button" className="button show-more" onClick={list.showMore}>
            Show more
          </button>
        )}
      </div>
    </nav>
  );
}
