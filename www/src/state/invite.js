/* An invitation in an address: `#invite=CODE`. */
const INVITE = /^#invite=([\w-]{1,200})$/;

export const inviteOf = (hash) => INVITE.exec(hash)?.[1] ?? null;

export const inviteLink = (origin, code) => `${origin}/#invite=${code}`;
