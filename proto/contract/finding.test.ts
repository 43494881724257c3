import { describe, expect, it } from 'vitest';
import { exitCodeOf, type Finding, findingsJson, findingsText } from './finding.ts';

const OK: Finding = { check: 'clock', state: 'ok', message: 'right to 3 ms' };
const WARNING: Finding = { check: 'disk', state: 'warning', message: '91 % used', remedy: 'Make room.' };
const FAULT: Finding = {
  check: 'port 53',
  state: 'fault',
  message: 'systemd-resolved listens there:\n127.0.0.53',
  remedy: 'Write this file:\nDNSStubListener=no',
};

describe('exitCodeOf', () => {
  it('is 1 for a fault only', () => {
    expect(exitCodeOf([])).toBe(0);
    expect(exitCodeOf([OK, WARNING])).toBe(0);
    expect(exitCodeOf([OK, FAULT, WARNING])).toBe(1);
  });
});

describe('findingsText', () => {
  it('puts findings in columns, remedies below them, and counts', () => {
    expect(findingsText([OK, WARNING, FAULT])).toBe(`ok       clock    right to 3 ms
warning  disk     91 % used
                  → Make room.
FAULT    port 53  systemd-resolved listens there:
                  127.0.0.53
                  → Write this file:
                    DNSStubListener=no
1 ok, 1 warning, 1 fault
`);
  });

  it('says that nothing was found', () => {
    expect(findingsText([])).toBe('0 ok, 0 warnings, 0 faults\n');
  });
});

describe('findingsJson', () => {
  it('keeps the findings as they are', () => {
    expect(JSON.parse(findingsJson([OK, FAULT]))).toEqual([OK, FAULT]);
  });
});
