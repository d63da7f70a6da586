/*
 * What can be asked: the providers and models of GET /models, and the choice
 * among them.  A choice is `{ provider, model }`; only these two names are ever
 * remembered between visits.
 */

/* Providers in the server's order, each with its models; empty ones left out. */
export function groupModels(catalog) {
  return catalog.providers
    .map((provider) => ({
      provider,
      models: catalog.models.filter((model) => model.provider === provider.id),
    }))
    .filter((group) => group.models.length > 0);
}

export const needsKey = (provider) => !provider.key && !provider.demo;

function holds(catalog, choice) {
  return catalog.models.some((m) => m.provider === choice?.provider && m.id === choice?.model);
}

/* The remembered choice while it exists; else the first that needs no key. */
export function pickChoice(catalog, remembered) {
  if (holds(catalog, remembered)) return remembered;
  const groups = groupModels(catalog);
  const group = groups.find(({ provider }) => !needsKey(provider)) ?? groups[0];
  return group ? { provider: group.provider.id, model: group.models[0].id } : null;
}

export function findProvider(catalog, id) {
  return catalog.providers.find((provider) => provider.id === id) ?? null;
}

/* A choice as the value of a form control, and back.  Ids hold no newline. */
export const choiceValue = (choice) => `${choice.provider}\n${choice.model}`;

export function choiceOf(value) {
  const [provider, model] = value.split('\n');
  return { provider, model };
}
