/*
 * Maths in Markdown as models write it: \( … \), \[ … \], $$ … $$ and $ … $.  The
 * last is maths only by pandoc's rule (no space inside the dollars, no digit
 * behind them), so that "$5 and $10" stay money.  Code is left alone.
 *
 * Formulas longer than FORMULA_MAX stay text.
 */

const FORMULA_MAX = 4000;
const HINT = /\$|\\\(|\\\[/;

const KINDS = [
  { open: '\\[', close: '\\]', display: true },
  { open: '\\(', close: '\\)', display: false },
  { open: '$$', close: '$$', display: true },
];

const isSpace = (char) => char === undefined || /\s/.test(char);

/* Finds each next place of a mark; a mark that was not found is not sought again. */
function createFinder(text) {
  const gone = new Set();
  return (mark, from) => {
    if (gone.has(mark)) return -1;
    const at = text.indexOf(mark, from);
    if (at < 0) gone.add(mark);
    return at;
  };
}

function money(text, at, end) {
  const inner = text.slice(at + 1, end);
  return isSpace(inner[0]) || isSpace(inner.at(-1)) || /\d/.test(text[end + 1] ?? '') || /\n/.test(inner);
}

function formulaAt(text, at, find) {
  const kind = KINDS.find(({ open }) => text.startsWith(open, at));
  if (kind) {
    const end = find(kind.close, at + 2);
    const tex = end < 0 ? '' : text.slice(at + 2, end);
    return tex.trim() !== '' && tex.length <= FORMULA_MAX && { tex, end: end + 2, display: kind.display };
  }
  if (text[at] !== '$') return null;
  const end = find('$', at + 1);
  if (end < 0 || end === at + 1 || end - at > FORMULA_MAX || money(text, at, end)) return null;
  return { tex: text.slice(at + 1, end), end: end + 1, display: false };
}

function codeEnd(text, at, find) {
  const marks = /^`+/.exec(text.slice(at, at + 100))[0];
  for (let i = at + marks.length; (i = find(marks, i)) >= 0; ) {
    const found = /^`+/.exec(text.slice(i, i + 100))[0];
    if (found === marks) return i + marks.length;
    i += found.length;
  }
  return at + marks.length;
}

/* Calls onFormula for each formula and onText for what lies between. */
function walk(text, onText, onFormula) {
  const find = createFinder(text);
  let from = 0;
  for (let at = 0; at < text.length; ) {
    if (text[at] === '`') {
      at = codeEnd(text, at, find);
      continue;
    }
    const formula = text[at] === '$' || text[at] === '\\' ? formulaAt(text, at, find) : null;
    if (!formula) {
      at += text[at] === '\\' ? 2 : 1;
      continue;
    }
    onText(text.slice(from, at));
    onFormula(formula);
    at = formula.end;
    from = at;
  }
  onText(text.slice(from));
}

export function hasMaths(text) {
  if (!HINT.test(text)) return false;
  let found = false;
  walk(text, () => {}, () => { found = true; });
  return found;
}

/* Dollars that are not maths, where remark-math would take them for such. */
const escapeDollars = (text) => text.replace(/\\[\s\S]|(`+)[^`][\s\S]*?\1|\$/g, (found) => (found === '$' ? '\\$' : found));

/* The same text as remark-math reads it. */
export function markMaths(text) {
  const out = [];
  walk(
    text,
    (plain) => out.push(escapeDollars(plain)),
    ({ tex, end, display }) => {
      const sofar = out.join('');
      const line = sofar.slice(sofar.lastIndexOf('\n') + 1);
      const alone = /^\s*$/.test(line) && /^[ \t]*(?:\n|$)/.test(text.slice(end, end + 100));
      const inner = tex.replace(/\n\s*\n/g, '\n').trim();
      if (display && alone) out.push(`$$\n${line}${inner.replaceAll('\n', `\n${line}`)}\n${line}$$`);
      else out.push(`$$${inner.replaceAll('\n', ' ')}$$`);
    },
  );
  return out.join('');
}
