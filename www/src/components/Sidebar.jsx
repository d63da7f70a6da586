/* The conversations: found, by when they were last used, and the way to a new one. */
import { Plus } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { groupConversations } from '../state/conversations.js';
import { ConversationRow } from './ConversationRow.jsx';
import { Icon } from './Icon.jsx';
import { SearchBox } from './SearchBox.jsx';

/* So far below what is seen, the next ones are asked for. */
const AHEAD = '400px';

function Skeleton() {
  return (
    <div className="skeleton" role="status" aria-label="Loading conversations">
      <span />
      <span />
      <span />
    </div>
  );
}

function Failure({ what, error, onRetry }) {
  return (
    <div className="sidebar-note" role="alert">
      <p>
        {what} {error.message}
      </p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

function Nothing({ query }) {
  if (query) return <p className="sidebar-note">Nothing matches “{query}”.</p>;
  return (
    <div className="sidebar-note">
      <p>No conversations yet.</p>
      <p>
        A question begins one. It is kept here, to be found again by its words, pinned, renamed or
        exported.
      </p>
    </div>
  );
}

/* Asks for more when it comes into view; a button for who does not scroll. */
function More({ count, onMore }) {
  const button = useRef(null);

  useEffect(() => {
    if (typeof IntersectionObserver === 'undefined') return undefined;
    const observer = new IntersectionObserver(
      ([entry]) => entry.isIntersecting && onMore(),
      { root: button.current.closest('.sidebar-scroll'), rootMargin: AHEAD },
    );
    observer.observe(button.current);
    return () => observer.disconnect();
    // A list that has grown and still does not fill the view is looked at anew.
  }, [count, onMore]);

  return (
    <button ref={button} type="button" className="button show-more" onClick={onMore}>
      Show more
    </button>
  );
}

function Groups({ list, row }) {
  return groupConversations(list.items, list.at).map(({ name, items }) => (
    <section key={name} aria-label={name}>
      <h3 className="sidebar-group">{name}</h3>
      <ul className="conversation-list">{items.map(row)}</ul>
    </section>
  ));
}

/* What a list that answers a search comes to, for those who do not see it. */
function countText({ found, items, total, searching }) {
  if (!found?.trim() || searching || items.length === 0) return '';
  const count = Math.max(total, items.length);
  return count === 1 ? '1 conversation found' : `${count} conversations found`;
}

function Body({ list, row }) {
  if (list.phase === 'loading') return <Skeleton />;
  if (list.phase === 'failed') {
    const what = 'The conversations could not be loaded.';
    return <Failure what={what} error={list.error} onRetry={list.refresh} />;
  }
  if (list.error && list.searching) {
    const what = 'The search failed.';
    return <Failure what={what} error={list.error} onRetry={list.refresh} />;
  }
  return (
    <>
      {list.items.length === 0 && !list.more && <Nothing query={list.found.trim()} />}
      <Groups list={list} row={row} />
      {list.error && (
        <Failure what="The list could not be renewed." error={list.error} onRetry={list.refresh} />
      )}
      {list.more && !list.error && <More count={list.given} onMore={list.showMore} />}
    </>
  );
}

export function Sidebar({ list, currentId, runningId, actions, searchRef, onOpen, onNew }) {
  const scroller = useRef(null);
  const row = (item) => (
    <ConversationRow
      key={item.id}
      item={item}
      current={item.id === currentId}
      running={item.id === runningId}
      onOpen={onOpen}
      actions={actions}
    />
  );
  return (
    <nav className="sidebar" aria-label="Conversations">
      <button
        type="button"
        className="button new-chat"
        aria-keyshortcuts="Control+Shift+O Meta+Shift+O"
        onClick={onNew}
      >
        <Icon as={Plus} />
        New chat
      </button>
      <SearchBox
        value={list.query}
        onChange={list.search}
        onDown={() => scroller.current.querySelector('a.conversation')?.focus()}
        boxRef={searchRef}
      />
      <p className="visually-hidden" role="status">
        {countText(list)}
      </p>
      <div className="sidebar-scroll" ref={scroller} aria-busy={list.searching && !list.error}>
        <Body list={list} row={row} />
      </div>
    </nav>
  );
}
