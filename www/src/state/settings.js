/*
 * What the user chose for themselves, as GET /auth/me/settings has it, and as a
 * form has it: texts by the names of its fields.  The model and its provider are
 * one choice in the form.
 */
import { choiceOf, choiceValue } from './models.js';

/* The server's own, for before they are loaded. */
export const DEFAULT_SETTINGS = {
  provider: null,
  model: null,
  system: null,
  temperature: null,
  max_tokens: null,
  reasoning_effort: null,
  on_disconnect: 'continue',
  theme: 'system',
  send_on_enter: true,
};

const TEMPERATURE_MAX = 2;
const TOKENS_MAX = 10_000_000;

export const modelOf = ({ provider, model }) => (provider && model ? { provider, model } : null);

const numberOrNull = (text) => (text.trim() === '' ? null : Number(text));

export function formOfSettings(settings) {
  const choice = modelOf(settings);
  return {
    theme: settings.theme,
    send: settings.send_on_enter ? 'enter' : 'ctrl',
    choice: choice ? choiceValue(choice) : '',
    system: settings.system ?? '',
    temperature: settings.temperature?.toString() ?? '',
    max_tokens: settings.max_tokens?.toString() ?? '',
    reasoning_effort: settings.reasoning_effort ?? '',
    on_disconnect: settings.on_disconnect,
  };
}

export function settingsOfForm(form) {
  const choice = form.choice === '' ? { provider: null, model: null } : choiceOf(form.choice);
  return {
    ...choice,
    system: form.system.trim() === '' ? null : form.system,
    temperature: numberOrNull(form.temperature),
    max_tokens: numberOrNull(form.max_tokens),
    reasoning_effort: form.reasoning_effort || null,
    on_disconnect: form.on_disconnect,
    theme: form.theme,
    send_on_enter: form.send === 'enter',
  };
}

/* What can be said before asking the server: by field, or null. */
export function settingsFaults({ temperature, max_tokens: tokens }) {
  const faults = {};
  if (temperature !== null && !(temperature >= 0 && temperature <= TEMPERATURE_MAX)) {
    faults.temperature = 'Enter a number from 0 to 2, or nothing.';
  }
  if (tokens !== null && !(Number.isInteger(tokens) && tokens >= 1 && tokens <= TOKENS_MAX)) {
    faults.max_tokens = 'Enter a whole number from 1 to 10,000,000, or nothing.';
  }
  return Object.keys(faults).length > 0 ? faults : null;
}

/*
 * What goes with a question beside its text and model.  The system prompt is the
 * conversation's own from its first question on.
 */
export function questionOptions(settings, { first }) {
  const options = {
    system: first ? settings.system : null,
    temperature: settings.temperature,
    max_tokens: settings.max_tokens,
    reasoning_effort: settings.reasoning_effort,
    on_disconnect: settings.on_disconnect,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}
