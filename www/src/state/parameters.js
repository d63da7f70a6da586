/*
 * What can be set of a question besides its text and model.  A field is offered
 * unless the model is known not to take it.  Values are what was typed: what is
 * no number goes to the server as it is, which says what it takes.
 */

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

export const PARAMETERS = [
  { name: 'temperature', label: 'Temperature', hint: '0 to 2', capability: 'temperature' },
  { name: 'max_tokens', label: 'Max tokens', hint: 'of the answer' },
  { name: 'reasoning_effort', label: 'Reasoning effort', options: EFFORTS, capability: 'reasoning' },
];

const NAMES = new Set(['system', ...PARAMETERS.map(({ name }) => name)]);

export const takes = (model, capability) => model?.capabilities?.[capability] !== false;

export const parametersOf = (model) =>
  PARAMETERS.filter(({ capability }) => !capability || takes(model, capability));

function valueOf({ options }, typed) {
  if (options) return typed;
  const number = Number(typed.replace(',', '.'));
  return Number.isFinite(number) ? number : typed;
}

const isSet = (typed) => typed !== undefined && typed.trim() !== '';

/* What is set for all questions, as far as this model takes it. */
export function fitting(options, model) {
  const not = PARAMETERS.filter(({ capability }) => capability && !takes(model, capability));
  const names = new Set(not.map(({ name }) => name));
  if (!takes(model, 'system')) names.add('system');
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.has(name)));
}

/* What of it is sent; `system` is the conversation's own and is sent when changed. */
export function toSend(asking, model, system) {
  const body = {};
  for (const field of parametersOf(model)) {
    const typed = asking[field.name];
    if (isSet(typed)) body[field.name] = valueOf(field, typed.trim());
  }
  const wanted = systemOf(asking, system);
  if (takes(model, 'system') && wanted !== (system ?? '')) body.system = wanted;
  return body;
}

export const systemOf = (asking, system) => asking.system ?? system ?? '';

export function countSet(asking, model, system) {
  const set = parametersOf(model).filter(({ name }) => isSet(asking[name])).length;
  return set + (takes(model, 'system') && systemOf(asking, system).trim() !== '' ? 1 : 0);
}

/* What the server said of these fields, or null where it said nothing of them. */
export function faultsIn(error) {
  const faults = Object.entries(error?.details ?? {}).filter(([name]) => NAMES.has(name));
  return faults.length > 0 ? Object.fromEntries(faults) : null;
}
