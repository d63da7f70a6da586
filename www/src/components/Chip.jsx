/* The small mark before a provider's or model's name. */
export function Chip({ provider }) {
  return <span className="chip" data-provider={provider} aria-hidden="true" />;
}
