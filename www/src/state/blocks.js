/*
 * Cuts Markdown into pieces that can be drawn one by one, so that of a growing
 * answer only the last piece is drawn again.
 *
 * A cut is made at a blank line outside a code fence, before a line that starts
 * in the first column with something that is not a list item: there CommonMark
 * closes every paragraph, list, quote and table that was open.  Where a piece
 * could reach into another (link definitions, footnotes, HTML blocks), there is
 * one piece.  Not cutting is always right, only slower.
 */

const FENCE = /^( *)(`{3,}|~{3,})(.*)$/;
const LIST_ITEM = /^(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const REACHES_FURTHER = /^(?: {0,3}\[[^\]\n]+\]:| {0,3}<[!?a-z/])/im;

function opens(line) {
  const match = FENCE.exec(line);
  if (!match) return null;
  const [, indent, marks, info] = match;
  if (marks[0] === '`' && info.includes('`')) return null;
  return { mark: marks[0], length: marks.length, indent: indent.length };
}

function closes(line, fence) {
  const match = FENCE.exec(line);
  return (
    match !== null &&
    match[2][0] === fence.mark &&
    match[2].length >= fence.length &&
    match[1].length <= fence.indent + 3 &&
    match[3].trim() === ''
  );
}

const startsPiece = (line) => /^\S/.test(line) && !LIST_ITEM.test(line);

export function splitBlocks(text) {
  if (REACHES_FURTHER.test(text)) return [text];
  const pieces = [];
  let piece = [];
  let fence = null;
  let blank = false;
  for (const line of text.split('\n')) {
    if (blank && !fence && piece.length > 0 && startsPiece(line)) {
      pieces.push(piece.join('\n'));
      piece = [];
    }
    if (fence) fence = closes(line, fence) ? null : fence;
    else fence = opens(line);
    blank = line.trim() === '';
    piece.push(line);
  }
  pieces.push(piece.join('\n'));
  return pieces;
}
