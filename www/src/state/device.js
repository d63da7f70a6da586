/*
 * The browser and the system behind a User-Agent line, in words.  The first row
 * that fits wins, for most browsers name the others too.
 */
const PROGRAMS = [
  [/\bEdgA?\//, 'Edge'],
  [/\b(OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|HeadlessChrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/.*Safari\//, 'Safari'],
];

const SYSTEMS = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

const find = (rows, text) => rows.find(([pattern]) => pattern.test(text))?.[1];

/* A program that is no browser goes by the first word of its line: "curl". */
const firstWord = (text) => /^[\w.+-]+/.exec(text)?.[0];

export function deviceOf(userAgent) {
  const text = userAgent ?? '';
  const program = find(PROGRAMS, text);
  const system = find(SYSTEMS, text);
  if (program) return system ? `${program} on ${system}` : program;
  if (system) return `A browser on ${system}`;
  return firstWord(text) ?? 'An unknown program';
}
