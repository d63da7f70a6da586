/* Where the links of a model's text lead, and what is said of it. */

const SCHEMES = /^(?:https?|mailto):/i;

/* Allowed addresses pass; anything else comes back empty and is not a link. */
export function safeUrl(url) {
  return SCHEMES.test(url) && URL.canParse(url) ? url : '';
}

/* The host of an address, or whom mail goes to. */
export function hostOf(url) {
  const { protocol, host, pathname } = new URL(url);
  return protocol === 'mailto:' ? decodeURI(pathname) : host;
}

const bare = (text) =>
  text
    .trim()
    .toLowerCase()
    .replace(/^(?:https?:\/\/|mailto:)/, '')
    .replace(/\/$/, '');

/* The host that is to be shown beside a link's text, or null where the text is it. */
export function hostBeside(url, text) {
  const host = hostOf(url);
  const shown = bare(text);
  const plain = new URL(url).username === '';
  return plain && (shown === bare(url) || shown === host.toLowerCase()) ? null : host;
}
