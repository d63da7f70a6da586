/* Files that the server gives: their names, and how they get to the reader's disk. */

const EXTENDED = /filename\*=UTF-8''([^;]+)/i; // RFC 8187
const PLAIN = /filename="([^"]*)"/i;

/* The browser reads a file after the click has returned; this is plenty to begin. */
const READ_MS = 60_000;

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

export function fileNameOf(disposition, otherwise) {
  const extended = EXTENDED.exec(disposition ?? '');
  const name = extended && decoded(extended[1]);
  return name || PLAIN.exec(disposition ?? '')?.[1] || otherwise;
}

export function saveFile({ name, blob }) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), READ_MS);
}
