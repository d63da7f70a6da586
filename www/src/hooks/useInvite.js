/*
 * The invitation in the address, which is taken out of it at once, so that it
 * stays in no history and no bookmark.  `forget` when it was used.
 */
import { useCallback, useEffect, useState } from 'react';
import { inviteOf } from '../state/invite.js';

function takeInvite() {
  const invite = inviteOf(window.location.hash);
  if (invite) window.history.replaceState(null, '', window.location.pathname);
  return invite;
}

export function useInvite() {
  const [invite, setInvite] = useState(null);

  useEffect(() => {
    const look = () => {
      const found = takeInvite();
      if (found) setInvite(found);
    };
    look();
    window.addEventListener('hashchange', look);
    return () => window.removeEventListener('hashchange', look);
  }, []);

  const forget = useCallback(() => setInvite(null), []);
  return { invite, forget };
}
