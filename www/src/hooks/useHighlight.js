/*
 * The tree of a code's colours, or null while there is none: of a language that
 * is not known, of code that is not finished, or longer than CODE_MAX.
 *
 * One block is coloured at a time and the page may do other things between two,
 * so that a long conversation opens without a pause.
 */
import { useEffect, useState } from 'react';

const CODE_MAX = 20_000;

let highlighter = null;
const queue = [];
let running = false;

async function work() {
  running = true;
  try {
    highlighter ??= await import('../state/highlighter.js');
    while (queue.length > 0) {
      await new Promise((resolve) => setTimeout(resolve));
      queue.shift()?.(highlighter.highlight);
    }
  } catch {
    // Not fetched: code stays plain, and the next block tries again.
    queue.length = 0;
  }
  running = false;
}

function whenFree(job) {
  queue.push(job);
  if (!running) work();
  return () => {
    const at = queue.indexOf(job);
    if (at >= 0) queue.splice(at, 1);
  };
}

export function useHighlight(language, code, finished) {
  const [coloured, setColoured] = useState(null);
  const wanted = finished && language !== null && code.length <= CODE_MAX;
  useEffect(() => {
    if (!wanted) return undefined;
    return whenFree((highlight) => setColoured({ code, tree: highlight(language.toLowerCase(), code) }));
  }, [wanted, language, code]);
  return wanted && coloured?.code === code ? coloured.tree : null;
}
