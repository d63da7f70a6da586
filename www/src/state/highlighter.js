/* What colours code, in a file of its own: it is fetched with the first code. */
import { common, createLowlight } from 'lowlight';

const lowlight = createLowlight(common);

/* The code as a tree of spans, or null where the language is not known. */
export function highlight(language, code) {
  return lowlight.registered(language) ? lowlight.highlight(language, code) : null;
}
