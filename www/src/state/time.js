/* Times for people, from those that the server sends. */

const UNITS = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const calendar = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

/* "3 minutes ago", "in 7 days"; less than a minute either way is now. */
export function fromNow(time, now) {
  const ms = Date.parse(time) - now;
  const unit = UNITS.find(([, length]) => Math.abs(ms) >= length);
  return unit ? relative.format(Math.round(ms / unit[1]), unit[0]) : 'just now';
}

export const dayOf = (time) => calendar.format(new Date(time));
