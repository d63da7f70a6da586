/*
 * What a growing text lets one read aloud: its whole sentences, each once.
 */

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' });

/* Marks that Markdown draws and a voice should not spell out. */
const MARKS = /[*_`#>|~]+/g;

/*
 * The sentences of text from offset `from` that are surely complete, and where
 * the next ones begin.  The last one counts as complete only when `ended`.
 */
export function wholeSentences(text, from, ended) {
  const parts = [...sentences.segment(text.slice(from))].map((part) => part.segment);
  if (!ended) parts.pop();
  const spoken = parts.map((part) => part.replace(MARKS, '').trim()).filter(Boolean);
  return { spoken, next: from + parts.reduce((sum, part) => sum + part.length, 0) };
}
