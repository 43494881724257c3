import { CommandFailureCode } from '@berth/proto/agent/v1/command_pb.js';
import { expect, it } from 'vitest';
import { codeOfAnswer, wordsOfAnswer } from './failure.ts';

const { INVALID, LOCKED, NOT_FOUND, PERMISSION, TASK_FAILED, UNAVAILABLE, UNSUPPORTED, VMID_TAKEN } =
  CommandFailureCode;

it.each([
  [400, 'Parameter verification failed. vmid: too small', INVALID],
  [400, 'Parameter verification failed. upid: no such task', NOT_FOUND],
  [401, 'invalid token value!', PERMISSION],
  [403, 'Permission check failed (/vms/120, VM.Audit)', PERMISSION],
  [500, "Configuration file 'nodes/pve1/lxc/999.conf' does not exist", NOT_FOUND],
  [500, "CT 100 already exists on node 'pve1'", VMID_TAKEN],
  [500, "unable to create CT 101 - VM 101 already exists on node 'pve1'", VMID_TAKEN],
  [500, 'CT is locked (create)', LOCKED],
  [500, "can't lock file '/run/lock/lxc/pve-config-110.lock' - got timeout", LOCKED],
  [500, "storage 'nowhere' does not exist", INVALID],
  [500, "can't remove CT 107 - protection mode enabled", INVALID],
  [500, "hostname lookup 'nope' failed - failed to get address info for: nope", UNAVAILABLE],
  [500, 'something nobody has seen yet', TASK_FAILED],
  [501, 'Method not implemented', UNSUPPORTED],
  [502, 'Bad Gateway', UNAVAILABLE],
  [595, 'No route to host', UNAVAILABLE],
  [596, 'Connection timed out', UNAVAILABLE],
])('takes %i %j for code %i', (status, words, code) => {
  expect(codeOfAnswer(status, words)).toBe(code);
});

it('says the message with the refused fields, else the reason phrase, else the status', () => {
  const body = {
    data: null,
    message: 'Parameter verification failed.\n',
    errors: { memory: 'too small\n', vmid: 'no' },
  };
  expect(wordsOfAnswer(400, 'ignored', body)).toBe('Parameter verification failed. memory: too small; vmid: no');
  expect(wordsOfAnswer(401, 'invalid token value!', undefined)).toBe('invalid token value!');
  expect(wordsOfAnswer(502, '', undefined)).toBe('HTTP 502');
});
