/*
 * The little that is remembered in this browser: names, never a secret and never
 * a word of a conversation.  A browser that forbids storage just forgets.
 */

const PREFIX = 'llmselect.';

export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: the choice holds until the page closes.
  }
}

export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}
