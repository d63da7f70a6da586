/*
 * What is said while an answer has no text yet: that the question is on its way,
 * that the model is thinking, or that the server will try again.
 */
import { useNow } from '../hooks/useNow.js';
import { retryCause } from '../state/format.js';

/* Below this a wait is not worth a number. */
const SHOW_SECONDS_FROM = 2;

function retryText(retry, now, provider) {
  const left = Math.max(0, Math.ceil((retry.until - now) / 1000));
  const when = left > 0 ? `Trying again in ${left} s.` : 'Trying again.';
  return `${retryCause(retry.code, provider)} ${when}`;
}

export function Waiting({ live, status, provider }) {
  const now = useNow();
  const elapsed = Math.floor((now - live.startedAt) / 1000);

  if (live.stopping) return <p className="waiting">Stopping…</p>;
  if (live.rejoining) return <p className="waiting">The connection broke. Joining the answer again…</p>;
  if (live.retry) return <p className="waiting">{retryText(live.retry, now, provider)}</p>;
  const text = status === 'submitted' ? 'Sending' : 'Thinking';
  return (
    <p className="waiting">
      <span className="waiting-word">{text}…</span>
      {elapsed >= SHOW_SECONDS_FROM && <span className="waiting-time">{elapsed} s</span>}
    </p>
  );
}
