import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/*
 * `npm run dev` answers /api/v1 from tests/mock-server.js, or, where
 * LLMSELECT_API names a running server, from that one.
 */
function mockApi() {
  return {
    name: 'llmselect-mock-api',
    apply: 'serve',
    async configureServer(server) {
      if (process.env.LLMSELECT_API || process.env.VITEST) return;
      const { createMock } = await import('./tests/mock-server.js');
      const mock = createMock();
      server.middlewares.use((request, response, next) => {
        if (request.url.startsWith('/api/v1/')) mock(request, response);
        else next();
      });
    },
  };
}

export default defineConfig({
  plugins: [react(), mockApi()],
  resolve: {
    alias: {
      // Its browser half parses with innerHTML, where the content policy refuses
      // the styles of formulas; this half parses without the browser.
      'hast-util-from-html-isomorphic': fileURLToPath(
        new URL('node_modules/hast-util-from-html-isomorphic/index.js', import.meta.url),
      ),
    },
  },
  build: {
    // Fonts and images stay files: the policy for them is 'self'.
    assetsInlineLimit: 0,
    // The one entry has nothing to preload, so the helper would be dead weight.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: {
    proxy: process.env.LLMSELECT_API
      ? { '/api/v1': { target: process.env.LLMSELECT_API } }
      : undefined,
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{js,jsx}'],
    setupFiles: ['tests/setup.js'],
    restoreMocks: true,
  },
});
