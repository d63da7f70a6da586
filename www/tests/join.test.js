import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/api/client.js';
import { joinAnswer } from '../src/api/join.js';
import { createWire, DONE, FIRST, line } from './wire.js';

const pauses = vi.hoisted(() => []);
vi.mock('../src/api/wait.js', () => ({
  wait: async (ms) => void pauses.push(ms),
  shown: async () => {},
}));

/* An answer as a server keeps it; a position is an index into it. */
const DELTAS = [
  { reasoning: 'Hm, ' }, { reasoning: 'tables.' },
  { content: 'A ' }, { content: 'Grüße 🌍' }, { content: ' table.\n\n' }, { content: 'data: {"done": true}' },
];
const whole = (field) => DELTAS.map((delta) => delta[field] ?? '').join('');
const WHOLE = { content: whole('content'), reasoning: whole('reasoning') };

function rest(position) {
  const from = position === null ? 0 : Number(position.slice(1));
  const lines = DELTAS.slice(from).map((delta, i) => line(delta, `p${from + i + 1}`));
  return [line(FIRST), ...lines, line(DONE, `p${DELTAS.length}`)];
}

const answerWith = (bytes) => {
  const wire = createWire();
  wire.bytes(bytes);
  wire.close();
  return wire.response;
};

/* Each connection gives so many bytes of what is left, the last one all. */
function serverThatCuts(...cuts) {
  return {
    joinStream: vi.fn(async (_id, position) => {
      const all = new TextEncoder().encode(rest(position).join(''));
      return answerWith(all.slice(0, cuts.shift()));
    }),
  };
}

async function join(api, from = {}) {
  const shown = { content: '', reasoning: '', ...from.known };
  const kinds = [];
  const how = await joinAnswer({
    api,
    id: 's1',
    from,
    signal: new AbortController().signal,
    onEvent: ({ type, data }) => {
      kinds.push(type);
      if (type === 'restart') Object.assign(shown, { content: '', reasoning: '' });
      if (type in shown) shown[type] += data[type];
    },
  });
  return { how, shown, kinds };
}

const bytesOf = (lines) => new TextEncoder().encode(lines.join('')).length;
const ALL = rest(null);
const BETWEEN = ALL.map((_, i) => bytesOf(ALL.slice(0, i)));

beforeEach(() => {
  pauses.length = 0;
});

describe('a connection that breaks', () => {
  it('between any two events leaves no gap and repeats nothing', async () => {
    for (const at of BETWEEN) {
      const { how, shown, kinds } = await join(serverThatCuts(at));
      expect({ how, shown, at }).toEqual({ how: 'ended', shown: WHOLE, at });
      expect(kinds.filter((kind) => kind === 'done')).toHaveLength(1);
      expect(kinds).not.toContain('restart');
    }
  });

  it('at any byte does neither', async () => {
    for (let at = 0; at < bytesOf(ALL); at++) {
      const { how, shown } = await join(serverThatCuts(at));
      expect({ how, shown, at }).toEqual({ how: 'ended', shown: WHOLE, at });
    }
  });

  it('after each single event does neither', async () => {
    const first = bytesOf(ALL.slice(0, 1));
    const cuts = DELTAS.map((delta, i) => first + bytesOf([line(delta, `p${i + 1}`)]));
    const api = serverThatCuts(...cuts);
    const { shown } = await join(api);
    expect(shown).toEqual(WHOLE);
    expect(api.joinStream.mock.calls.map(([, position]) => position))
      .toEqual([null, 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
  });
});

describe('text that is shown already', () => {
  it('of any length is not shown again', async () => {
    for (let of = 0; of <= WHOLE.content.length; of++) {
      const known = { reasoning: WHOLE.reasoning, content: WHOLE.content.slice(0, of) };
      for (const at of BETWEEN) {
        const { shown, kinds } = await join(serverThatCuts(at), { known });
        expect({ shown, of, at }).toEqual({ shown: WHOLE, of, at });
        expect(kinds).not.toContain('restart');
      }
    }
  });

  it('and is another gives way to what the server says', async () => {
    for (const content of ['B', 'A Grüsse', `${WHOLE.content.slice(0, -1)}?`, `${WHOLE.content}?`]) {
      const { shown, kinds } = await join(serverThatCuts(), { known: { reasoning: 'Hm', content } });
      expect(shown).toEqual(WHOLE);
      expect(kinds.filter((kind) => kind === 'restart')).toHaveLength(1);
    }
  });

  it('with a position is taken as it is', async () => {
    const api = serverThatCuts();
    const known = { reasoning: WHOLE.reasoning, content: 'A ' };
    const { shown } = await join(api, { position: 'p3' });
    expect(api.joinStream.mock.calls[0][1]).toBe('p3');
    expect({ reasoning: known.reasoning, content: known.content + shown.content }).toEqual(WHOLE);
  });

  it('is dropped at restart', async () => {
    const lines = rest(null);
    lines.splice(1, 0, line({ restart: true }));
    const api = { joinStream: async () => answerWith(new TextEncoder().encode(lines.join(''))) };
    const { shown } = await join(api, { known: { content: 'A Gr', reasoning: '' } });
    expect(shown).toEqual(WHOLE);
  });
});

describe('how it ends', () => {
  const failing = (status) => ({
    joinStream: vi.fn(async () => {
      throw new ApiError({ code: 'x', message: 'X.', status });
    }),
  });

  it.each([[404], [401], [403], [500]])('a %i is a refusal', async (status) => {
    const api = failing(status);
    expect((await join(api)).how).toBe('refused');
    expect(api.joinStream).toHaveBeenCalledTimes(1);
  });

  it.each([[0], [429], [502], [503], [504]])('a %i is tried again, with growing pauses, not for ever', async (status) => {
    const api = failing(status);
    expect((await join(api)).how).toBe('gave_up');
    expect(api.joinStream).toHaveBeenCalledTimes(20);
    expect(pauses.slice(0, 7)).toEqual([0, 500, 1000, 2000, 4000, 8000, 8000]);
  });

  it('text that came makes the next pause short again', async () => {
    const api = serverThatCuts(0, 0, bytesOf(ALL.slice(0, 2)), 0);
    await join(api);
    expect(pauses).toEqual([0, 500, 1000, 500, 1000]);
  });

  it('nothing is told to somebody who left', async () => {
    const left = new AbortController();
    const onEvent = vi.fn();
    const joining = joinAnswer({ api: serverThatCuts(), id: 's1', signal: left.signal, onEvent });
    left.abort();
    expect(await joining).toBe('left');
    expect(onEvent).not.toHaveBeenCalled();
  });
});
