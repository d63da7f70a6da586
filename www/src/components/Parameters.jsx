/*
 * The system prompt and the parameters of the next question, above the text.  It
 * opens by itself where the server refused one of them, and says so at the field.
 */
import { SlidersHorizontal } from 'lucide-react';
import { useId } from 'react';
import { countSet, parametersOf, systemOf, takes } from '../state/parameters.js';
import { Icon } from './Icon.jsx';

export function ParametersButton({ asking, model, system, open, controls, onToggle }) {
  const count = countSet(asking, model, system);
  return (
    <button
      type="button"
      className="head-button"
      aria-expanded={open}
      aria-controls={open ? controls : undefined}
      onClick={onToggle}
    >
      <Icon as={SlidersHorizontal} />
      Parameters
      {count > 0 && (
        <span className="head-count">
          {count}
          <span className="visually-hidden"> set</span>
        </span>
      )}
    </button>
  );
}

function Field({ label, hint, fault, wide = false, children }) {
  const id = useId();
  const about = fault || hint ? `${id}-about` : undefined;
  return (
    <div className="parameter" data-wide={wide || undefined}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': about, 'aria-invalid': fault ? true : undefined })}
      {(fault || hint) && (
        <p id={about} className={fault ? 'field-error' : 'field-hint'} role={fault ? 'alert' : undefined}>
          {fault ?? hint}
        </p>
      )}
    </div>
  );
}

function Input({ field, value, onChange, ...props }) {
  if (!field.options) {
    return (
      <input
        {...props}
        className="field"
        inputMode="decimal"
        autoComplete="off"
        placeholder="Default"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  return (
    <select {...props} className="field" value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">Default</option>
      {field.options.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </select>
  );
}

export function Parameters({ id, asking, model, system, faults, onChange, onClose }) {
  function onKeyDown(event) {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    onClose();
  }
  return (
    <div className="parameters" id={id} role="group" aria-label="Parameters">
      {takes(model, 'system') && (
        <Field label="System prompt" fault={faults?.system} wide>
          {(props) => (
            <textarea
              {...props}
              onKeyDown={onKeyDown}
              className="field"
              rows={3}
              placeholder="What the model should always keep in mind"
              value={systemOf(asking, system)}
              onChange={(event) => onChange({ system: event.target.value })}
            />
          )}
        </Field>
      )}
      {parametersOf(model).map((field) => (
        <Field
          key={field.name}
          label={field.label}
          hint={field.hint}
          fault={faults?.[field.name]}
        >
          {(props) => (
            <Input
              {...props}
              onKeyDown={onKeyDown}
              field={field}
              value={asking[field.name] ?? ''}
              onChange={(value) => onChange({ [field.name]: value })}
            />
          )}
        </Field>
      ))}
    </div>
  );
}
