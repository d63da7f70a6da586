/* 812 → "812 bytes", 3 400 000 → "3.4 MB" */
const UNITS = ['kB', 'MB', 'GB'];

export function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const step = Math.min(UNITS.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(1)} ${UNITS[step - 1]}`;
}
