// Prints "PASSED FAILED" from vitest's JSON report; a run that ended badly without a failed test counts as one failure.
import { readFileSync } from 'node:fs';

const [, , file = '', code = '1'] = process.argv;

function count(): [passed: number, failed: number] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [0, 1];
  }
  if (!text) return [0, 1];
  const report: { numPassedTests: number; numFailedTests: number; numPendingTests: number } = JSON.parse(text);
  const unrun = report.numPendingTests;
  const failed = report.numFailedTests + unrun;
  return [report.numPassedTests, failed === 0 && code !== '0' ? 1 : failed];
}

process.stdout.write(`${count().join(' ')}\n`);
