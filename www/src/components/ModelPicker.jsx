/*
 * Which model answers.  The list opens over the button: typing narrows it, the
 * arrows move in it, Enter takes, Esc leaves.  The focus stays in the search.
 */
import { Check, ChevronDown, KeyRound, Search } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { contextText, findModel, matching, needsKey, priceText, sameChoice } from '../state/models.js';
import { Chip } from './Chip.jsx';
import { Icon } from './Icon.jsx';

function Option({ id, model, active, chosen, onTake, onPoint }) {
  const facts = [contextText(model), priceText(model)].filter(Boolean);
  const name = model.name || model.id;
  return (
    <button
      type="button"
      tabIndex={-1}
      id={id}
      className="option"
      role="option"
      aria-selected={chosen}
      data-active={active || undefined}
      data-provider={model.provider}
      data-model={model.id}
      onClick={onTake}
      onPointerMove={onPoint}
    >
      <Icon as={Check} />
      <span className="option-name">
        {name}
        {name !== model.id && <span className="option-id"> {model.id}</span>}
      </span>
      {model.listed === false && <span className="option-gone">no longer listed</span>}
      {facts.length > 0 && <span className="option-facts">{facts.join(' · ')}</span>}
    </button>
  );
}

function Group({ id, provider, children }) {
  return (
    <div role="group" aria-labelledby={id} className="option-group">
      <div id={id} className="option-head">
        <Chip provider={provider.id} />
        {provider.label}
        {needsKey(provider) && (
          <span className="option-key">
            <Icon as={KeyRound} /> needs a key
          </span>
        )}
      </div>
      {children}
    </div>
  );
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };

const within = (at, count) => Math.max(0, Math.min(count - 1, at));

function List({ catalog, choice, onTake, onLeave }) {
  const [query, setQuery] = useState('');
  const groups = matching(catalog, query);
  const models = groups.flatMap((group) => group.models);
  const found = models.findIndex((model) => sameChoice(model, choice));
  const [at, setAt] = useState(found);
  const id = useId();
  const list = useRef(null);
  const pointed = useRef(false);
  const current = within(at, models.length);

  // Not by the pointer: what it is on would move away under it.
  useEffect(() => {
    if (!pointed.current) list.current.querySelector('[data-active]')?.scrollIntoView?.({ block: 'nearest' });
  }, [current, query]);

  function move(to, byPointer = false) {
    pointed.current = byPointer;
    setAt(to);
  }

  /* A list that scrolls under a resting pointer has not been pointed at. */
  function point(event, place) {
    if (event.movementX !== 0 || event.movementY !== 0) move(place, true);
  }

  function onKeyDown(event) {
    if (event.nativeEvent.isComposing) return;
    const step = STEPS[event.key];
    if (step !== undefined) move(within(current + step, models.length));
    else if (event.key === 'Enter' && models[current]) onTake(models[current]);
    else if (event.key === 'Escape') onLeave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <>
      <div className="picker-search">
        <Icon as={Search} />
        <input
          role="combobox"
          aria-label="Find a model"
          aria-expanded="true"
          aria-controls={id}
          aria-autocomplete="list"
          aria-activedescendant={models.length > 0 ? `${id}-${current}` : undefined}
          autoComplete="off"
          spellCheck="false"
          placeholder="Find a model"
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            move(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div className="picker-list" ref={list} id={id} role="listbox" aria-label="Models" tabIndex={-1}>
        {groups.map(({ provider, models: some }) => (
          <Group key={provider.id} id={`${id}-of-${provider.id}`} provider={provider}>
            {some.map((model) => {
              const place = models.indexOf(model);
              return (
                <Option
                  key={model.id}
                  id={`${id}-${place}`}
                  model={model}
                  active={place === current}
                  chosen={sameChoice(model, choice)}
                  onTake={() => onTake(model)}
                  onPoint={(event) => point(event, place)}
                />
              );
            })}
          </Group>
        ))}
      </div>
      {models.length === 0 && (
        <p className="picker-none" role="status">
          Nothing matches “{query}”.
        </p>
      )}
    </>
  );
}

/* A modal dialog of the browser: it keeps the focus and gives it back. */
function Picker({ onClose, ...props }) {
  const dialog = useRef(null);

  useEffect(() => {
    const box = dialog.current;
    box.showModal();
    box.querySelector('input').focus();
    const onClick = (event) => event.target === box && box.close();
    box.addEventListener('click', onClick);
    return () => {
      box.removeEventListener('click', onClick);
      box.close();
    };
  }, []);

  return (
    <dialog ref={dialog} className="picker" aria-label="Choose a model" onClose={onClose}>
      <List {...props} onLeave={() => dialog.current.close()} />
    </dialog>
  );
}

export function ModelPicker({ catalog, choice, onChoose }) {
  const [open, setOpen] = useState(false);
  if (!choice) return null;
  const name = findModel(catalog, choice)?.name || choice.model;
  const close = () => setOpen(false);
  return (
    <>
      <button
        type="button"
        className="head-button model-button"
        aria-label={`Model: ${name}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(true)}
      >
        <Chip provider={choice.provider} />
        <span className="model-name">{name}</span>
        <Icon as={ChevronDown} />
      </button>
      {open && (
        <Picker
          catalog={catalog}
          choice={choice}
          onTake={({ provider, id }) => {
            onChoose({ provider, model: id });
            close();
          }}
          onClose={close}
        />
      )}
    </>
  );
}
