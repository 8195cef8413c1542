/** What a browser or program calls itself, in few words. */

const BROWSERS: [RegExp, string][] = [
  [/\bEdg\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\//, 'Firefox'],
  [/\b(Headless)?Chrom(e|ium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/\bWindows\b/, 'Windows'],
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** As in `Firefox, Windows`; of what is no browser its own first word, and nothing of nothing. */
export function programOf(userAgent: string | null | undefined): string | undefined {
  if (!userAgent) return undefined;
  const named = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = named(BROWSERS);
  if (!browser) return userAgent.split(/[\s/]/)[0];
  return [browser, named(SYSTEMS)].filter(Boolean).join(', ');
}
