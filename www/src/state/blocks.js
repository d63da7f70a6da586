/*
 * Cuts Markdown into pieces that can be drawn one by one, so that of a growing
 * answer only the last piece is drawn again.
 *
 * A cut is made before and after a fence that starts in the first column, and at
 * a blank line outside a fence, before a line that starts in the first column
 * with something that is not a list item: there CommonMark closes every
 * paragraph, list, quote and table that was open.  Link definitions reach
 * further, so they are given to each piece that names them; footnotes do too,
 * and a text that has some is one piece.  Not cutting is always right, only
 * slower.  Raw HTML is no construct of ours (see Answer.jsx), so it cuts nothing.
 */

const FENCE = /^( *)(`{3,}|~{3,})(.*)$/;
const LIST_ITEM = /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const DEFINITION = /^ {0,3}\[([^\]\n]{1,999})\]:[ \t]*\S/;
const FOOTNOTE = /^ {0,3}\[\^[^\]\n]+\]:/;
const DEFINITIONS_MAX = 500;

/* Fences of display maths: what opens, alone on its line, and what closes it. */
const MATHS_FENCES = { $$: '$$', '\\[': '\\]' };

function opens(line) {
  const closing = MATHS_FENCES[line.trim()];
  if (closing) return { closing };
  const match = FENCE.exec(line);
  if (!match) return null;
  const [, indent, marks, info] = match;
  if (marks[0] === '`' && info.includes('`')) return null;
  return { mark: marks[0], length: marks.length, indent: indent.length };
}

function closes(line, fence) {
  if (fence.closing) return line.trimEnd().endsWith(fence.closing);
  const match = FENCE.exec(line);
  return (
    match !== null &&
    match[2][0] === fence.mark &&
    match[2].length >= fence.length &&
    match[1].length <= fence.indent + 3 &&
    match[3].trim() === ''
  );
}

const isCodeFence = (fence) => fence !== null && fence.indent === 0;
const startsPiece = (line) => /^\S/.test(line) && !LIST_ITEM.test(line);

/* Where the pieces of a text start, the definitions in each, and whether it has footnotes. */
function survey(text, from = 0) {
  const starts = [from];
  const definitions = [[]];
  let footnotes = false;
  let fence = null;
  let blank = false;
  let after = false; // the line before closed a fence in the first column
  for (let at = from; at <= text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    const next = fence ? null : opens(line);
    const cut = !fence && (after || isCodeFence(next) || (blank && startsPiece(line)));
    if (cut && at > starts.at(-1) && line.trim() !== '') {
      starts.push(at);
      definitions.push([]);
    }
    if (line.trim() !== '') after = false;
    if (fence) {
      if (closes(line, fence)) {
        after = isCodeFence(fence);
        fence = null;
      }
    } else if (next) {
      fence = next;
    } else if (FOOTNOTE.test(line)) {
      footnotes = true;
    } else if (DEFINITION.test(line)) {
      definitions.at(-1).push(line);
    }
    blank = line.trim() === '';
    at = end < 0 ? text.length + 1 : end + 1;
  }
  return { starts, definitions, footnotes };
}

const labelOf = (definition) => DEFINITION.exec(definition)[1].toLowerCase();

function withDefinitions(piece, definitions) {
  if (!piece.includes('[')) return piece;
  const lower = piece.toLowerCase();
  const named = definitions.filter((each) => lower.includes(`[${labelOf(each)}]`) && !piece.includes(each));
  return named.length > 0 ? `${piece}\n\n${named.join('\n')}` : piece;
}

function cutAt(text, starts) {
  const ends = starts.slice(1);
  return starts.map((start, i) => (i < ends.length ? text.slice(start, ends[i]).trimEnd() : text.slice(start)));
}

/* How many starts hold whatever comes: not a last one whose line is not whole. */
function settled(text, starts) {
  return text.indexOf('\n', starts.at(-1)) < 0 ? Math.max(starts.length - 1, 1) : starts.length;
}

/*
 * A function that gives the pieces of a text, and looks only at what came since
 * the last piece of the text before, if this one goes on from it.
 */
export function createSplitter() {
  let known = { text: '', starts: [0], bare: [], definitions: [[]], footnotes: false, pieces: [''] };
  return (text) => {
    if (text === known.text) return known.pieces;
    const goesOn = text.startsWith(known.text);
    const kept = goesOn ? settled(known.text, known.starts) - 1 : 0;
    const found = survey(text, goesOn ? known.starts[kept] : 0);
    const bare = [...known.bare.slice(0, kept), ...cutAt(text, found.starts)];
    const definitions = [...known.definitions.slice(0, kept), ...found.definitions];
    const footnotes = found.footnotes || (goesOn && known.footnotes);
    const all = definitions.flat().slice(0, DEFINITIONS_MAX);
    const pieces = all.length > 0 ? bare.map((each) => withDefinitions(each, all)) : bare;
    const starts = [...known.starts.slice(0, kept), ...found.starts];
    known = { text, starts, bare, definitions, footnotes, pieces: footnotes ? [text] : pieces };
    return known.pieces;
  };
}

export const splitBlocks = (text) => createSplitter()(text);

/* Where the line is that closes a fence: [its start, its end], or null. */
function closingLine(piece, from, fence) {
  for (let at = from; at >= 0 && at < piece.length; ) {
    const end = piece.indexOf('\n', at);
    const line = piece.slice(at, end < 0 ? piece.length : end);
    if (line.trimStart().startsWith(fence.mark) && closes(line, fence)) return [at, end < 0 ? piece.length : end];
    at = end < 0 ? -1 : end + 1;
  }
  return null;
}

/*
 * The code of a piece that is one fence and nothing else, or null:
 * { language, code, closed }.
 */
export function readFence(piece) {
  const first = piece.indexOf('\n');
  const line = first < 0 ? piece : piece.slice(0, first);
  const fence = opens(line);
  if (!isCodeFence(fence)) return null;
  if (first < 0) return { language: null, code: '', closed: false };
  const closing = closingLine(piece, first + 1, fence);
  if (closing && piece.slice(closing[1]).trim() !== '') return null;
  return {
    language: line.slice(fence.length).trim().split(/\s/, 1)[0] || null,
    code: piece.slice(first + 1, closing?.[0]),
    closed: closing !== null,
  };
}
