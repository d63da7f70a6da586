/*
 * Markdown of which the end has not come yet, made so that what is drawn now does
 * not have to be taken back: marks that may become something are held back,
 * what is open is closed.  It is for the last piece of an answer while it streams.
 *
 * Nothing is held back for longer than HELD_MAX characters: what is still open
 * then was probably never meant as Markdown.
 */

const HELD_MAX = 2000;
const LABEL_MAX = 300;
/* A run of inline text that is longer is drawn as it is. */
const INLINE_MAX = 10_000;

/* Last lines that may still become something other than they look. */
const UNDECIDED =
  /^(?:(?: {0,3}>)+\s*| {0,3}(?:=+|-+|[-*_](?: ?[-*_])+)\s*|\s*(?:[-*+]|\d{1,9}[.)]?)\s*(?:\[[ x]?\]?\s*)?| {0,3}#{1,6}\s*| {0,3}(?:`{1,2}|~{1,2}))$/i;
const INFO = /^( *(?:`{3,}|~{3,}))[^`\n]*$/;
const DELIMITERS = /^[\s|:-]+$/;
const CONTAINER = /^(?:\s*(?:>|[-*+]\s|\d{1,9}[.)]\s|#{1,6}\s|\[[ xX]\]\s))+/;
const OPEN_FENCE = /^ *(`{3,}|~{3,})/;

function endsInFence(lines) {
  let mark = null;
  for (const line of lines) {
    const marks = OPEN_FENCE.exec(line)?.[1];
    if (!marks) continue;
    if (mark === null) mark = marks;
    else if (marks[0] === mark[0] && marks.length >= mark.length && line.trim() === marks) mark = null;
  }
  return mark;
}

/* Within code nothing is Markdown, but for the fence that may be closing it. */
function mendFence(lines, mark) {
  const last = lines.at(-1).trim();
  const closing = last !== '' && last.length < mark.length && mark.startsWith(last);
  if (lines.length > 1 && closing) return lines.slice(0, -1).join('\n');
  return [...lines.slice(0, -1), lines.at(-1).replace(INFO, '$1')].join('\n');
}

/* A row with bars is a table only when the row of dashes is there. */
function mendTable(given) {
  const lines = given.length > 1 && given.at(-1) === '' ? given.slice(0, -1) : given;
  if (lines !== given && !/^ *\|/.test(lines.at(-1))) return null;
  const last = lines.at(-1);
  const before = lines.at(-2) ?? '';
  if (!/^ *\|/.test(last) && !(DELIMITERS.test(last) && last.includes('|'))) return null;
  const isFirst = before.trim() === '' || !before.includes('|');
  if (isFirst) return last.length <= LABEL_MAX ? lines.slice(0, -1) : null;
  const isSecond = (lines.at(-3) ?? '').trim() === '' || !lines.at(-3).includes('|');
  if (!isSecond || lines !== given || !DELIMITERS.test(last)) return null;
  const cells = before.trim().replace(/^\|/, '').replace(/\|$/, '').split(/(?<!\\)\|/).length;
  return [...lines.slice(0, -1), `|${' --- |'.repeat(cells)}`];
}

/* Where the run of inline text begins that the end belongs to. */
function inlineStart(lines) {
  let i = lines.length - 1;
  while (i > 0 && !CONTAINER.test(lines[i]) && lines[i - 1].trim() !== '' && !/^ *\|/.test(lines[i])) i--;
  const before = lines.slice(0, i).reduce((sum, line) => sum + line.length + 1, 0);
  const line = lines[i];
  if (/^ *\|/.test(line)) return before + line.lastIndexOf('|') + 1;
  return before + (CONTAINER.exec(line)?.[0].length ?? 0);
}

const isSpace = (char) => char === undefined || /\s/.test(char);
const isWord = (char) => char !== undefined && /[\p{L}\p{N}]/u.test(char);

function runAt(text, at) {
  let end = at;
  while (text[end] === text[at]) end++;
  return end - at;
}

/* The end of the code span that starts here, or -1. */
function codeEnd(text, at, length) {
  for (let i = at + length; (i = text.indexOf('`', i)) >= 0; ) {
    const found = runAt(text, i);
    if (found === length) return i + length;
    i += found;
  }
  return -1;
}

const MATHS = [
  ['\\(', '\\)'],
  ['\\[', '\\]'],
  ['$$', '$$'],
];

/* After the maths that starts here; -1 if it is still open; 0 if there is none. */
function mathsEnd(text, at) {
  const row = MATHS.find(([open]) => text.startsWith(open, at));
  if (row) {
    const end = text.indexOf(row[1], at + 2);
    return end < 0 ? -1 : end + 2;
  }
  if (text[at] !== '$' || isSpace(text[at + 1]) || /\d/.test(text[at + 1])) return text[at] === '$' && at + 1 === text.length ? -1 : 0;
  const end = text.indexOf('$', at + 1);
  if (end < 0) return text.length - at <= LABEL_MAX ? -1 : 0;
  return isSpace(text[end - 1]) ? 0 : end + 1;
}

function emphasis(text, at, length, open) {
  const char = text[at];
  const before = text[at - 1];
  const after = text[at + length];
  const opens = !isSpace(after) && !(char === '_' && isWord(before));
  const closes = !isSpace(before) && !(char === '_' && isWord(after));
  let left = length;
  while (closes && left > 0) {
    const i = open.findLastIndex((each) => each.char === char);
    if (i < 0) break;
    const used = Math.min(left, open[i].length);
    if (after === undefined && used < open[i].length) return 'half';
    open[i].length -= used;
    left -= used;
    open.length = open[i].length > 0 ? i + 1 : i;
  }
  if (after === undefined && left > 0) return 'undecided';
  if (opens && left > 0) open.push({ char, length: left });
  return null;
}

const closers = (open) =>
  open
    .toReversed()
    .map(({ char, length }) => char.repeat(length))
    .join('');

/* The address after a label: where it ends, or -1. */
function targetEnd(text, at) {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i + 1;
    else if (text[i] === '\n' && text[i + 1] === '\n') return i;
  }
  return -1;
}

/*
 * One walk over a run of inline text.  `labels` are the brackets that are open:
 * where, and whether an image's.
 */
export function mendInline(text) {
  const open = [];
  const labels = [];
  const done = (end) => text.slice(0, end).trimEnd();
  const finish = (kept) => {
    let out = kept;
    for (const { at, image } of labels.toReversed()) {
      if (kept.length - at > LABEL_MAX) continue;
      out = image ? out.slice(0, at) : out.slice(0, at) + out.slice(at + 1);
    }
    return out.trimEnd() + closers(open);
  };
  for (let at = 0; at < text.length; ) {
    const char = text[at];
    const maths = char === '$' || char === '\\' ? mathsEnd(text, at) : 0;
    if (maths < 0 && text.length - at <= HELD_MAX) return finish(done(at));
    if (maths > 0) {
      at = maths;
    } else if (char === '\\') {
      if (at + 1 === text.length) return finish(done(at));
      at += 2;
    } else if (char === '`') {
      const length = runAt(text, at);
      const end = codeEnd(text, at, length);
      if (end < 0 && at + length === text.length) return finish(done(at));
      if (end < 0) return closedCode(text.replace(/`+$/, ''), length, open, labels);
      at = end;
    } else if (char === '!' && text[at + 1] === '[') {
      labels.push({ at, image: true });
      at += 2;
    } else if (char === '!' && at + 1 === text.length) {
      return finish(done(at));
    } else if (char === '[') {
      labels.push({ at, image: false });
      at += 1;
    } else if (char === ']' && labels.length > 0) {
      const { at: start, image } = labels.at(-1);
      const short = text.length - start <= HELD_MAX;
      const end = text[at + 1] === '(' ? targetEnd(text, at + 1) : at + 1;
      const atEnd = at + 1 === text.length;
      if (short && (end < 0 || atEnd)) return finish(done(image ? start : at));
      labels.pop();
      at = end < 0 ? at + 1 : end;
    } else if (char === '<' && /^<(?:[a-z][a-z0-9+.-]*:?[^\s<>]*)?$/i.test(text.slice(at, at + HELD_MAX))) {
      return finish(done(at));
    } else if (char === '&' && /^&#?[a-z0-9]{0,8}$/i.test(text.slice(at, at + 12))) {
      return finish(done(at));
    } else if (char === '*' || char === '_' || char === '~') {
      const length = runAt(text, at);
      if (emphasis(text, at, length, open)) return finish(done(at));
      at += length;
    } else {
      at += 1;
    }
  }
  return finish(text);
}

/* Text whose last code span is open: closed, with what is open around it. */
function closedCode(code, length, open, labels) {
  const kept = labels.reduceRight(
    (text, { at: start, image }) => (image ? text : text.slice(0, start) + text.slice(start + 1)),
    code.trimEnd(),
  );
  const pad = kept.endsWith('`') ? ' ' : '';
  return `${kept}${pad}${'`'.repeat(length)}${closers(open)}`;
}

export function mendHalf(piece) {
  const lines = piece.split('\n');
  const mark = endsInFence(lines);
  if (mark) return mendFence(lines, mark);
  const table = mendTable(lines);
  if (table) return table.join('\n');
  if (UNDECIDED.test(lines.at(-1))) return lines.slice(0, -1).join('\n');
  const start = inlineStart(lines);
  if (piece.length - start > INLINE_MAX) return piece;
  return piece.slice(0, start) + mendInline(piece.slice(start));
}
