import { defineConfig } from 'vitest/config';

// Three projects, from the cheapest to the dearest: `unit` sits beside the code, `integration` starts real
// servers, `e2e` builds whole labs. The last two share machine-wide things, so their files run one at a time.
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{proto/contract,control-plane,agents,web,scripts,test/lab,test/support}/**/*.test.ts'],
          globalSetup: ['test/support/databases.global.ts'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/databases.global.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
