import { defineConfig } from 'vitest/config';

// Three projects, one after the other, from the cheapest to the dearest: `unit` sits beside the code, `integration`
// starts real servers, `e2e` builds whole labs, two at a time, since most of them wait most of the time. None is of
// group 0: what has one worker there (the default on two cores) runs last, whatever its order.
export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 1 },
          include: ['{proto/contract,control-plane,agents,web,scripts,test/lab,test/support}/**/*.test.ts'],
          globalSetup: ['test/support/databases.global.ts'],
          testTimeout: 20_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'integration',
          sequence: { groupOrder: 2 },
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
          sequence: { groupOrder: 3 },
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
