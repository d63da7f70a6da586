/*
 * Messages that stand beside each other in a conversation's tree.  `siblings` has
 * the ids of all of them in the order they were made, the message's own included,
 * and is there only where they are several.
 */

/* The ids that a new message will stand beside, or nothing. */
export function beside(message) {
  if (!message?.id) return undefined;
  return message.siblings ?? [message.id];
}

/* A message that has got its id joins those it stands beside. */
export function withSelf(message) {
  const { beside: others, ...rest } = message;
  return others ? { ...rest, siblings: [...others, rest.id] } : rest;
}

/* What is drawn in a place stays drawn there when its sibling is shown. */
export function keyOf(message, drawn) {
  return drawn?.id && message.siblings?.includes(drawn.id) ? drawn.key : message.id;
}

/* Which of how many, and the ids to either side; null where there is but one. */
export function branchOf({ id, siblings }) {
  const at = siblings?.indexOf(id) ?? -1;
  if (at < 0 || siblings.length < 2) return null;
  return {
    number: at + 1,
    count: siblings.length,
    before: siblings[at - 1] ?? null,
    after: siblings[at + 1] ?? null,
  };
}
