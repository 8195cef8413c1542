import { describe, expect, it } from 'vitest';
import { programOf } from './program';

describe('the program of a session', () => {
  it('is a browser and a system in few words', () => {
    expect(programOf('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0')).toBe('Edge, Windows');
    expect(programOf('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36')).toBe('Chrome, Linux');
    expect(programOf('Mozilla/5.0 (iPhone; CPU iPhone OS 27_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/27.0 Mobile/15E148 Safari/604.1')).toBe('Safari, iOS');
  });

  it('is its own name where it is no browser', () => {
    expect(programOf('curl/8.5.0')).toBe('curl');
    expect(programOf(undefined)).toBeUndefined();
    expect(programOf('')).toBeUndefined();
  });
});
