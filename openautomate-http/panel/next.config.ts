import type { NextConfig } from 'next';
import { PHASE_DEVELOPMENT_SERVER } from 'next/constants';

/** Where `npm run dev` finds a server; it must run with --behind-proxy. */
const server = process.env.OPENAUTOMATE_SERVER ?? 'http://127.0.0.1:8080';

export default function config(phase: string): NextConfig {
  const shared: NextConfig = {
    reactStrictMode: true,
    devIndicators: false,
    // Types are checked by `npm run check`.
    typescript: { ignoreBuildErrors: true },
    turbopack: {
      rules: { '*.json': { condition: { path: /src\/messages\/en\// }, loaders: ['./scripts/messages-loader.mjs'], as: '*.js' } },
      // The texts are compiled, so that they are only formatted here.
      resolveAlias: { 'use-intl/format-message': 'use-intl/format-message/format-only' },
    },
  };
  if (phase === PHASE_DEVELOPMENT_SERVER) {
    return {
      ...shared,
      rewrites: () => Promise.resolve([{ source: '/api/:path*', destination: `${server}/api/:path*` }]),
    };
  }
  return { ...shared, output: 'export', productionBrowserSourceMaps: false };
}
