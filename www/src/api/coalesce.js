/*
 * A stage between the stream and the page: deltas that follow each other within
 * one interval become one, so that a fast model costs no more drawing than a
 * slow one.  The first delta after a pause passes at once, so nothing is added
 * to the time until text appears.  Everything else passes in order, at once.
 */

export const COALESCE_MS = 40;

const DELTAS = new Set(['content', 'reasoning']);

export function createCoalescer(onEvent, intervalMs = COALESCE_MS) {
  let held = [];
  let timer = null;

  function release() {
    const events = held;
    held = [];
    for (const event of events) onEvent(event);
  }

  function tick() {
    timer = null;
    if (held.length === 0) return;
    release();
    timer = setTimeout(tick, intervalMs);
  }

  function hold(event) {
    const last = held.at(-1);
    if (last?.type !== event.type) {
      held.push(event);
      return;
    }
    const text = last.data[event.type] + event.data[event.type];
    held[held.length - 1] = { ...event, data: { [event.type]: text } };
  }

  return {
    push(event) {
      if (!DELTAS.has(event.type)) {
        release();
        onEvent(event);
      } else if (timer === null) {
        onEvent(event);
        timer = setTimeout(tick, intervalMs);
      } else {
        hold(event);
      }
    },
    /* Gives out what is held, now. */
    flush() {
      clearTimeout(timer);
      timer = null;
      release();
    },
    /* Drops what is held; nothing comes out afterwards. */
    stop() {
      clearTimeout(timer);
      timer = null;
      held = [];
    },
  };
}
