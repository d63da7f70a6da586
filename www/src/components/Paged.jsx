/*
 * A page of a list at the server: its rows, or that there are none yet, or why
 * they are not here, and the way to the other pages.
 */
import { pagesOf, rangeOf } from '../state/paged.js';
import { Notice } from './Notice.jsx';

function Pager({ list, noun }) {
  if (pagesOf(list) === 1) return null;
  return (
    <nav className="pager" aria-label={`Pages of ${noun}`}>
      <button type="button" className="button" disabled={list.page === 1} onClick={() => list.go(list.page - 1)}>
        Previous
      </button>
      <span role="status">{rangeOf(list)}</span>
      <button
        type="button"
        className="button"
        disabled={list.page >= pagesOf(list)}
        onClick={() => list.go(list.page + 1)}
      >
        Next
      </button>
    </nav>
  );
}

export function Paged({ list, noun, empty, children }) {
  if (list.phase === 'loading') {
    return (
      <div className="skeleton" role="status" aria-label={`Loading ${noun}`}>
        <span />
        <span />
        <span />
      </div>
    );
  }
  return (
    <>
      {list.error && (
        <Notice tone="danger" text={list.error.message} role="alert">
          <button type="button" className="button" onClick={list.refresh}>
            Try again
          </button>
        </Notice>
      )}
      {list.phase === 'ready' && list.items.length === 0 && (
        <p className="rows-empty" role="status">
          {empty}
        </p>
      )}
      {list.items.length > 0 && <ul className="rows">{list.items.map(children)}</ul>}
      <Pager list={list} noun={noun} />
    </>
  );
}
