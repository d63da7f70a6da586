/*
 * Everything that is known of an answer, each with where it comes from: rows of
 * { name, value, source }.  And in words, what the model was not given.
 */
import { duration, money, number } from './format.js';

const MEASURED = 'measured by LLMSelect';
const ESTIMATED = 'estimated by LLMSelect';

const isCount = (value) => Number.isFinite(value);

function timeRows({ timing }) {
  return [
    ['Connected after', timing?.connect_ms],
    ['First text after', timing?.ttft_ms],
    ['Whole answer after', timing?.total_ms],
  ]
    .filter(([, ms]) => isCount(ms))
    .map(([name, ms]) => ({ name, value: duration(ms), source: MEASURED }));
}

function rateRows({ timing }) {
  if (!(timing?.tokens_per_second > 0)) return [];
  const value = `${number(Math.round(timing.tokens_per_second * 10) / 10)} tokens/s`;
  return [{ name: 'Speed', value, source: MEASURED }];
}

function tokenRows({ usage }, provider) {
  const guess = usage?.source === 'estimate';
  return [
    ['Input', usage?.input_tokens],
    ['Output', usage?.output_tokens],
    ['Of it reasoning', usage?.reasoning_tokens || null],
  ]
    .filter(([, count]) => isCount(count))
    .map(([name, count]) => ({
      name,
      value: `${guess ? '≈ ' : ''}${number(count)} tokens`,
      source: guess ? ESTIMATED : `counted by ${provider}`,
    }));
}

function costRows({ cost }) {
  if (!isCount(cost?.amount)) return [];
  const source = cost.price_date ? `${ESTIMATED}, prices of ${cost.price_date}` : ESTIMATED;
  return [{ name: 'Cost', value: `≈ ${money(cost)}`, source }];
}

export function details(message, provider) {
  const rows = [
    ...timeRows(message),
    ...rateRows(message),
    ...tokenRows(message, provider),
    ...costRows(message),
  ];
  if (rows.length === 0) return rows;
  return [{ name: 'Model', value: message.model, source: provider }, ...rows];
}

const NAMES = {
  system: 'a system prompt',
  temperature: 'a temperature',
  max_tokens: 'a limit of tokens',
  reasoning_effort: 'a reasoning effort',
};

const list = new Intl.ListFormat('en', { type: 'disjunction' });

/* Sentences about what was left out of a question. */
export function omissions({ left_out: leftOut = 0, ignored = [] }) {
  const sentences = [];
  if (leftOut === 1) sentences.push('1 earlier message did not fit and was left out.');
  if (leftOut > 1) {
    sentences.push(`${number(leftOut)} earlier messages did not fit and were left out.`);
  }
  if (ignored?.length > 0) {
    const what = list.format(ignored.map((name) => NAMES[name] ?? name));
    sentences.push(`This model does not take ${what}, so it was not sent.`);
  }
  return sentences;
}
