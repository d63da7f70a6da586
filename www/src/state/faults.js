/*
 * What a form shows of a failure: { fields, text }, sentences by field and the
 * one that belongs to none.
 */

/* `names` are the form's fields; `codes` says whose fault an error code is. */
export function faultsOf(error, names, codes = {}) {
  if (!error) return { fields: {}, text: null };
  const known = Object.entries(error.details ?? {}).filter(([name]) => names.includes(name));
  if (known.length > 0) {
    return { fields: Object.fromEntries(known), text: null };
  }
  const name = codes[error.code];
  if (names.includes(name)) return { fields: { [name]: error.message }, text: null };
  return { fields: {}, text: error.message };
}
