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

const holds = (catalog, choice) => findModel(catalog, choice) !== null;

/* The first of the wanted choices that exists; else the first that needs no key. */
export function pickChoice(catalog, ...wanted) {
  const known = wanted.find((choice) => holds(catalog, choice));
  if (known) return known;
  const groups = groupModels(catalog);
  const group = groups.find(({ provider }) => !needsKey(provider)) ?? groups[0];
  return group ? { provider: group.provider.id, model: group.models[0].id } : null;
}

export function findProvider(catalog, id) {
  return catalog.providers.find((provider) => provider.id === id) ?? null;
}

export const sameChoice = (model, choice) =>
  model.provider === choice?.provider && model.id === choice?.model;

export function findModel(catalog, choice) {
  return catalog.models.find((model) => sameChoice(model, choice)) ?? null;
}

/* The groups, narrowed to models in which every word of the query is found. */
export function matching(catalog, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return groupModels(catalog)
    .map(({ provider, models }) => ({
      provider,
      models: models.filter(({ id, name }) => {
        const text = `${provider.label} ${provider.id} ${name ?? ''} ${id}`.toLowerCase();
        return words.every((word) => text.includes(word));
      }),
    }))
    .filter((group) => group.models.length > 0);
}

/* 200000 → "200K", 1048576 → "1M"; "" where it is not known. */
export function contextText({ context }) {
  if (!context) return '';
  if (context >= 1e6) return `${+(context / 1e6).toFixed(1)}M context`;
  return `${Math.round(context / 1000)}K context`;
}

const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 3 });

/* Per million tokens: in, then out. */
export function priceText({ price }) {
  if (!price) return '';
  return `${dollars.format(price.input)} in, ${dollars.format(price.output)} out`;
}

/* A choice as the value of a form control, and back.  Ids hold no newline. */
export const choiceValue = (choice) => `${choice.provider}\n${choice.model}`;

export function choiceOf(value) {
  const [provider, model] = value.split('\n');
  return { provider, model };
}
