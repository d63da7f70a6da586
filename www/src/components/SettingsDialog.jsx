/*
 * What one chose for oneself.  Nothing is sent before Save, and what was entered
 * stays where the server refuses it.
 */
import { useSubmit } from '../hooks/useSubmit.js';
import { faultsOf } from '../state/faults.js';
import { choiceOf, choiceValue, findProvider, groupModels } from '../state/models.js';
import { formOfSettings, modelOf, settingsFaults, settingsOfForm } from '../state/settings.js';
import { EFFORTS } from '../state/parameters.js';
import { Dialog } from './Dialog.jsx';
import { Field } from './Field.jsx';
import { FormError, SubmitButton, useFocusOnFault } from './FormFoot.jsx';
import { Notice } from './Notice.jsx';

const NAMES = ['theme', 'send_on_enter', 'provider', 'model', 'system', 'temperature', 'max_tokens',
  'reasoning_effort', 'on_disconnect'];

function Options({ rows }) {
  return rows.map(([value, label]) => (
    <option key={value} value={value}>
      {label}
    </option>
  ));
}

/* One that is not offered any more stays, for saving should not lose it. */
function KeptModel({ catalog, value }) {
  if (value === '') return null;
  const { provider, model } = choiceOf(value);
  if (catalog.models.some((each) => each.provider === provider && each.id === model)) return null;
  const label = findProvider(catalog, provider)?.label ?? provider;
  return <option value={value}>{`${label}: ${model} (not offered now)`}</option>;
}

function ModelField({ catalog, value, error }) {
  return (
    <Field as="select" name="choice" label="Model for new chats" defaultValue={value} error={error}>
      <option value="">The one used last in this browser</option>
      <KeptModel catalog={catalog} value={value} />
      {groupModels(catalog).map(({ provider, models }) => (
        <optgroup key={provider.id} label={provider.label}>
          {models.map((model) => (
            <option key={model.id} value={choiceValue({ provider: provider.id, model: model.id })}>
              {model.name || model.id}
            </option>
          ))}
        </optgroup>
      ))}
    </Field>
  );
}

function PageFields({ form, fields }) {
  return (
    <>
      <Field as="select" name="theme" label="Theme" defaultValue={form.theme} error={fields.theme}>
        <Options rows={[['system', 'As the system has it'], ['light', 'Light'], ['dark', 'Dark']]} />
      </Field>
      <Field as="select" name="send" label="Send with" defaultValue={form.send} error={fields.send_on_enter}>
        <Options rows={[['enter', 'Enter'], ['ctrl', 'Ctrl+Enter or ⌘+Enter']]} />
      </Field>
      <Field
        as="select"
        name="on_disconnect"
        label="When this page is closed in mid-answer"
        defaultValue={form.on_disconnect}
        error={fields.on_disconnect}
      >
        <Options rows={[['continue', 'The answer goes on'], ['stop', 'The answer is stopped']]} />
      </Field>
    </>
  );
}

function QuestionFields({ form, fields, catalog }) {
  return (
    <>
      <ModelField catalog={catalog} value={form.choice} error={fields.model ?? fields.provider} />
      <Field
        as="textarea"
        name="system"
        label="System prompt for new chats"
        rows={3}
        maxLength={65536}
        defaultValue={form.system}
        error={fields.system}
      />
      <div className="form-columns">
        <Field
          name="temperature"
          label="Temperature"
          inputMode="decimal"
          autoComplete="off"
          placeholder="Model’s own"
          defaultValue={form.temperature}
          error={fields.temperature}
        />
        <Field
          name="max_tokens"
          label="Max tokens"
          inputMode="numeric"
          autoComplete="off"
          placeholder="Model’s own"
          defaultValue={form.max_tokens}
          error={fields.max_tokens}
        />
        <Field
          as="select"
          name="reasoning_effort"
          label="Reasoning"
          defaultValue={form.reasoning_effort}
          error={fields.reasoning_effort}
        >
          <Options rows={[['', 'Model’s own'], ...EFFORTS.map((each) => [each, each])]} />
        </Field>
      </div>
    </>
  );
}

function SettingsForm({ settings, catalog, onSave, onClose }) {
  const submit = useSubmit();
  const { fields, text } = faultsOf(submit.error, NAMES);
  const box = useFocusOnFault(fields);
  const form = formOfSettings(settings);

  async function onSubmit(event) {
    event.preventDefault();
    if (submit.busy) return;
    const wanted = settingsOfForm(Object.fromEntries(new FormData(event.currentTarget)));
    const details = settingsFaults(wanted);
    if (details) submit.setError({ details });
    else if (await submit.run(() => onSave(wanted))) onClose();
  }

  return (
    <form ref={box} className="form" onSubmit={onSubmit} noValidate>
      <PageFields form={form} fields={fields} />
      <h3 className="form-head">Questions begin with</h3>
      <QuestionFields form={form} fields={fields} catalog={catalog} />
      <FormError text={text} />
      <div className="form-foot">
        <SubmitButton form={submit} label="Save" busy="Saving…" />
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}

export function SettingsDialog({ settings, models, onOpen, onClose }) {
  async function save(wanted) {
    const before = modelOf(settings.settings);
    const after = modelOf(await settings.save(wanted));
    // A new default wins over what was last used here, or it would do nothing.
    const same = before?.model === after?.model && before?.provider === after?.provider;
    if (after && !same) models.choose(null);
  }

  return (
    <Dialog title="Settings" onClose={onClose}>
      {settings.phase === 'failed' && (
        <Notice tone="danger" text={`Your settings could not be loaded. ${settings.error.message}`} role="alert">
          <button type="button" className="button" onClick={settings.refresh}>
            Try again
          </button>
        </Notice>
      )}
      {settings.phase === 'loading' && <p className="page-loading">Loading…</p>}
      {settings.phase === 'ready' && (
        <SettingsForm settings={settings.settings} catalog={models} onSave={save} onClose={onClose} />
      )}
      <h3 className="form-head">Account</h3>
      <div className="form-foot">
        <button type="button" className="button" onClick={() => onOpen('password')}>
          Change password
        </button>
        <button type="button" className="button" data-kind="danger" onClick={() => onOpen('delete')}>
          Delete my account
        </button>
      </div>
    </Dialog>
  );
}
