/*
 * A stage for a stream that is read from its start while some of its text is
 * already shown: what is known is passed over, so that nothing is drawn twice
 * and nothing flickers.
 *
 * Where the stream says something else than what is known, a `restart` goes out
 * and then all that the stream has said: the stream is right.
 */
import { isEnd } from './sse.js';

const FIELDS = ['reasoning', 'content'];

export function createKnown(known, onEvent) {
  const heard = { reasoning: '', content: '' };
  const isHeard = () => FIELDS.every((field) => heard[field].length >= known[field].length);
  let done = isHeard();

  function startOver() {
    done = true;
    onEvent({ type: 'restart', position: null, data: { restart: true } });
    for (const field of FIELDS) {
      if (heard[field]) onEvent({ type: field, position: null, data: { [field]: heard[field] } });
    }
  }

  function compare(event, field) {
    const text = event.data[field];
    const rest = known[field].slice(heard[field].length);
    const both = Math.min(rest.length, text.length);
    heard[field] += text;
    if (rest.slice(0, both) !== text.slice(0, both)) {
      startOver();
      return;
    }
    done = isHeard();
    if (both < text.length) onEvent({ ...event, data: { [field]: text.slice(both) } });
  }

  return (event) => {
    if (event.type === 'restart') done = true;
    if (!done && FIELDS.includes(event.type)) {
      compare(event, event.type);
      return;
    }
    if (!done && isEnd(event)) startOver();
    onEvent(event);
  };
}
