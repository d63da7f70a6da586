/* Waits that a signal can end: none of them rejects. */

export function wait(ms, signal) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    if (signal?.aborted) finish();
    else signal?.addEventListener('abort', finish);
  });
}

/* Until the page is in view. */
export function shown(signal) {
  if (!document.hidden || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      if (document.hidden && !signal?.aborted) return;
      document.removeEventListener('visibilitychange', finish);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    document.addEventListener('visibilitychange', finish);
    signal?.addEventListener('abort', finish);
  });
}
