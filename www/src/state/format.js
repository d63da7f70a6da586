/*
 * Numbers and sentences about an answer, for people.  Pure functions.
 */

const words = new Intl.Segmenter(undefined, { granularity: 'word' });
const numbers = new Intl.NumberFormat('en');

export const number = (value) => numbers.format(value);

export function countWords(text) {
  let count = 0;
  for (const segment of words.segment(text)) if (segment.isWordLike) count++;
  return count;
}

const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/* 21 → "21 ms", 412 → "0.4 s", 12 345 → "12 s" */
export function duration(ms) {
  if (ms < 100) return `${Math.max(1, Math.round(ms))} ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

function rate(tokensPerSecond) {
  const shown = tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : number(Math.round(tokensPerSecond));
  return `${shown} tok/s`;
}

/* Two digits that mean something, however small the amount. */
export function money({ amount, currency }) {
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    maximumSignificantDigits: amount < 1 ? 2 : undefined,
    maximumFractionDigits: amount < 1 ? 8 : 2,
  }).format(amount);
}

const ESTIMATE = 'Estimated by LLMSelect: the provider reported no count.';

function tokens(usage) {
  if (!Number.isFinite(usage?.output_tokens)) return null;
  const text = plural(usage.output_tokens, 'token');
  if (usage.source !== 'estimate') return { name: 'tokens', text };
  return { name: 'tokens', text: `≈ ${text}`, title: ESTIMATE };
}

/* The quiet line under an answer: rows of { name, text, title? }. */
export function facts(message) {
  const { timing, cost, usage, model } = message;
  return [
    model && { name: 'model', text: model },
    Number.isFinite(timing?.ttft_ms) && { name: 'first', text: `${duration(timing.ttft_ms)} to first` },
    timing?.tokens_per_second > 0 && { name: 'rate', text: rate(timing.tokens_per_second) },
    tokens(usage),
    cost?.amount > 0 && {
      name: 'cost',
      text: `≈ ${money(cost)}`,
      title: `Estimated by LLMSelect${cost.price_date ? `, by the prices of ${cost.price_date}` : ''}.`,
    },
  ].filter(Boolean);
}

const kept = (text) => {
  const count = countWords(text);
  return count === 0 ? null : `${plural(count, 'word')} kept.`;
};

/* Of an answer that broke off: its text is kept, whatever the cause was. */
const BREAKS = {
  network: (provider) => `The connection to ${provider} broke.`,
  interrupted: () => 'The answer was cut off at the server.',
  timeout: (provider) => `${provider} took too long to go on.`,
};

function interruption({ error }, provider) {
  const cause = BREAKS[error?.code] ?? (error ? () => error.message : BREAKS.network);
  return `${cause(provider)} What came is kept.`;
}

/* What is said under an answer that did not simply end well. */
const ENDINGS = {
  cancelled: ({ content }) => {
    const words = kept(content);
    return words ? `Stopped. ${words}` : 'Stopped before any text came.';
  },
  length: () => 'Cut off at the length limit.',
  refused: ({ content }, provider) =>
    content ? `${provider} declined to go on.` : `${provider} declined to answer this.`,
  interrupted: interruption,
  failed: ({ error }, provider) => error?.message ?? `${provider} gave no answer.`,
  broken: () => 'The connection broke. The answer may have gone on without this page.',
};

export function ending(message, provider) {
  return ENDINGS[message.state]?.(message, provider) ?? null;
}

const RETRY_CAUSES = {
  provider_rate_limited: (provider) => `Rate limited by ${provider}.`,
  timeout: (provider) => `${provider} took too long.`,
};

export function retryCause(code, provider) {
  return (RETRY_CAUSES[code] ?? ((name) => `${name} did not answer.`))(provider);
}
