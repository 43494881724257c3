/**
 * 200,000 mutated messages, half of them before anybody has bound, half after: nothing is thrown, none takes longer
 * than 100 ms of processor time, memory stays where it was, and the server answers as before.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { element, string } from '@berth/control-plane/ldap/ber/writer.ts';
import { type LdapService, openService } from '@berth/control-plane/ldap/gateway.ts';
import { Oid } from '@berth/control-plane/ldap/protocol/oids.ts';
import {
  abandonOf,
  and,
  atLeast,
  bindOf,
  compareOf,
  control,
  equal,
  extendedOf,
  messageOf,
  modifyOf,
  not,
  or,
  paged,
  present,
  saslBindOf,
  searchOf,
  substrings,
  UNBIND,
} from '@berth/control-plane/ldap/testing/requests.ts';
import { turn, Wire } from '@berth/control-plane/ldap/testing/wire.ts';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BASE, LdapWorld } from './ldap-world.ts';

const MESSAGES = 100_000;
const PEOPLE = `ou=people,${BASE}`;
const OLGA = `uid=olga,${PEOPLE}`;
const hasNumber = and(present('uidNumber'), not(equal('uidNumber', '0')));

/** What is mutated: everything that SSSD, nslcd and OpenLDAP's programs send, and what stock servers died of. */
const CORPUS = [
  messageOf(searchOf('', 0, present('objectClass'), ['*', 'altServer', 'namingContexts', 'supportedControl'])),
  messageOf(
    searchOf(PEOPLE, 2, and(equal('uid', 'olga'), equal('objectclass', 'posixAccount'), present('uid'), hasNumber), [
      ...[
        'objectClass',
        'uid',
        'userPassword',
        'uidNumber',
        'gidNumber',
        'gecos',
        'userCertificate;binary',
        '*',
        '+',
        '1.1',
      ],
    ]),
    [paged(1)],
  ),
  messageOf(
    searchOf(BASE, 2, or(substrings('sudoHost', 'a', '*', '\\'), atLeast('modifyTimestamp', '20260101000000Z'))),
  ),
  messageOf(searchOf(OLGA, 0, and(equal('memberOf', `cn=dev,ou=groups,${BASE}`)), ['1.1']), [control('1.2.3', true)]),
  messageOf(searchOf(BASE, 1, element(0xa9, string('caseIgnoreMatch', 0x81), string('sn', 0x82), string('x', 0x83)))),
  messageOf(bindOf(`cn=ctr-000001,ou=services,${BASE}`, 'wrong'), [control(Oid.passwordPolicy)]),
  messageOf(bindOf('', '')),
  messageOf(bindOf(OLGA, '')),
  messageOf(saslBindOf('GSSAPI')),
  messageOf(compareOf(OLGA, 'uidNumber', '2000')),
  messageOf(modifyOf(OLGA, 'loginShell', '/bin/sh', '/bin/zsh')),
  messageOf(extendedOf(Oid.whoAmI)),
  messageOf(
    extendedOf(Oid.passwordModify, element(0x30, string('u:olga', 0x80), string('old', 0x81), string('new', 0x82))),
  ),
  messageOf(extendedOf('1.2.3.4', Buffer.from('x'))),
  messageOf(abandonOf(1)),
  messageOf(element(0x68, string(OLGA), element(0x30))),
  messageOf(string(OLGA, 0x4a)),
  messageOf(element(0x6c, string(OLGA), string('uid=x'), Buffer.from([1, 1, 0xff]))),
  messageOf(UNBIND),
  Buffer.from(
    '30360201016331041164633d6578616d706c652c64633d636f6d0a01020a01000201000201000101008702636e30090403756964047f636e',
    'hex',
  ),
];

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes that are really in use. */
function memoryHeld(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Small, seeded, good enough to spread mutations. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Lengths and tags that mean something, and bytes that end things. */
const ODD_BYTES = [
  0x00, 0x01, 0x02, 0x04, 0x0a, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x87, 0xa0, 0xa2, 0xa4, 0xa9, 0xff,
];

class Mutator {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  message(): Buffer {
    let bytes: Buffer = Buffer.from(this.#pick(CORPUS));
    const rounds = 1 + this.below(3);
    for (let round = 0; round < rounds && bytes.length > 0; round += 1) bytes = this.#mutate(bytes);
    // Half of them keep a frame that fits, so that they get past the first look.
    if (this.#random() < 0.5 && bytes.length > 2) {
      const contents = bytes.subarray(bytes[1] === 0x81 ? 3 : 2);
      bytes = element(0x30, contents);
    }
    return bytes;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  #mutate(bytes: Buffer): Buffer {
    const at = this.below(bytes.length);
    const copy = Buffer.from(bytes);
    switch (this.below(7)) {
      case 0:
        copy[at] = (copy[at] as number) ^ (1 << this.below(8));
        return copy;
      case 1:
        copy[at] = this.#pick(ODD_BYTES);
        return copy;
      case 2:
        return copy.subarray(0, at);
      case 3:
        return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + this.below(8))]);
      case 4:
        return Buffer.concat([
          copy.subarray(0, at),
          Buffer.from([this.#pick(ODD_BYTES), this.#pick(ODD_BYTES)]),
          copy.subarray(at),
        ]);
      case 5: {
        const piece = copy.subarray(at, at + this.below(64));
        return Buffer.concat([
          copy.subarray(0, at),
          ...Array.from({ length: 1 + this.below(8) }, () => piece),
          copy.subarray(at),
        ]);
      }
      default: {
        const other = this.#pick(CORPUS);
        return Buffer.concat([copy.subarray(0, at), other.subarray(this.below(other.length))]);
      }
    }
  }
}

let world: LdapWorld;
let service: LdapService;
const errors: unknown[] = [];

beforeAll(async () => {
  world = await LdapWorld.open();
  await world.site();
  const olga = await world.person('olga', { password: '' });
  await world.group('dev', { users: [olga] });
  await world.container(1, olga);
  const log = pino({ level: 'silent' });
  service = await openService({ store: world.store, databaseUrl: world.url, baseDn: BASE, log });
  service.deps.session.onError = (error) => errors.push(error);
  service.deps.onError = (error) => errors.push(error);
});
afterAll(async () => {
  service.stop();
  await world.close();
});

async function open(bound: boolean): Promise<Wire> {
  const wire = new Wire(service.deps);
  if (!bound) return wire;
  const [answer] = await wire.ask(messageOf(bindOf(`cn=ctr-000001,ou=services,${BASE}`, 'secret-1')));
  expect(answer?.code).toBe(0);
  return wire;
}

describe.each([
  ['before a bind', false, 1],
  ['after a bind', true, 2],
])('%s', (_, bound, seed) => {
  test(`${MESSAGES} mutated messages harm nobody`, { timeout: 240_000 }, async () => {
    const mutator = new Mutator(seed);
    let wire = await open(bound);
    let answered = 0;
    let longest = 0;
    const before = memoryHeld();
    for (let sent = 0; sent < MESSAGES; sent += 1) {
      const message = mutator.message();
      const cpu = process.threadCpuUsage();
      wire.send(message);
      await turn();
      await turn();
      const { user, system } = process.threadCpuUsage(cpu);
      longest = Math.max(longest, (user + system) / 1_000);
      if (wire.take().length > 0) answered += 1;
      // A connection that was ended, or waits for the rest of a message, would eat up the next one.
      if (wire.ended || sent % 8 === 7) {
        wire.close();
        wire = await open(bound);
      }
    }
    wire.close();
    expect(errors).toEqual([]);
    expect(longest).toBeLessThan(100);
    expect(memoryHeld() - before).toBeLessThan(32 << 20);
    // Most come to an answer: otherwise this would only show that connections can be ended.
    expect(answered).toBeGreaterThan(MESSAGES * 0.4);
    const probe = await open(true);
    const answers = await probe.ask(messageOf(searchOf(PEOPLE, 2, equal('uid', 'olga'), ['uid'])));
    expect(answers[0]?.attributes).toEqual({ uid: ['olga'] });
    probe.close();
  });
});
