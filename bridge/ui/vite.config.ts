/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Relative addresses: the server writes the page's <base>, so it also works below a path of a proxy.
export default defineConfig({
  base: './',
  plugins: [react()],
  // Nothing as a data: address, which the page's policy refuses for fonts.
  build: { target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: { proxy: { '/api': 'http://127.0.0.1:7070' } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
