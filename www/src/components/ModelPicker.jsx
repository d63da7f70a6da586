/*
 * Which model answers.  A native select, so that it works with every keyboard,
 * phone and reader; the browser's newer styling is used where there is some.
 */
import { ChevronDown } from 'lucide-react';
import { choiceOf, choiceValue, groupModels, needsKey } from '../state/models.js';
import { Chip } from './Chip.jsx';
import { Icon } from './Icon.jsx';

const groupLabel = (provider) =>
  needsKey(provider) ? `${provider.label} (needs a key)` : provider.label;

export function ModelPicker({ catalog, choice, onChoose }) {
  if (!choice) return null;
  return (
    <div className="model-picker">
      <Chip provider={choice.provider} />
      <select
        aria-label="Model"
        value={choiceValue(choice)}
        onChange={(event) => onChoose(choiceOf(event.target.value))}
      >
        {groupModels(catalog).map(({ provider, models }) => (
          <optgroup key={provider.id} label={groupLabel(provider)}>
            {models.map((model) => (
              <option
                key={model.id}
                value={choiceValue({ provider: provider.id, model: model.id })}
              >
                {model.name || model.id}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <Icon as={ChevronDown} />
    </div>
  );
}
