/** Sessions of the gateway without a socket, over a small directory: a person, a group, a container that asks. */
import { type LdapService, openService } from '@berth/control-plane/ldap/gateway.ts';
import { bindOf, messageOf, searchOf } from '@berth/control-plane/ldap/testing/requests.ts';
import type { Answer } from '@berth/control-plane/ldap/testing/responses.ts';
import { Wire } from '@berth/control-plane/ldap/testing/wire.ts';
import pino from 'pino';
import { BASE, LdapWorld } from './ldap-world.ts';

export const PEOPLE = `ou=people,${BASE}`;
export const GROUPS = `ou=groups,${BASE}`;
export const OLGA = `uid=olga,${PEOPLE}`;
export const WEB = `cn=ctr-000001,ou=services,${BASE}`;
export const DONE = 0x65;

/** Whether the last answer to a search is there. */
export const isDone = (answers: Answer[]) => answers.some(({ tag }) => tag === DONE);

/** The directory, and the service that every session of it shares. */
export class LdapSessions {
  readonly world: LdapWorld;
  readonly service: LdapService;

  private constructor(world: LdapWorld, service: LdapService) {
    this.world = world;
    this.service = service;
  }

  static async open(): Promise<LdapSessions> {
    const world = await LdapWorld.open();
    await world.site();
    const olga = await world.person('olga', { displayName: 'Olga Ölm', keys: ['ssh-ed25519 AAAAone'] });
    const mia = await world.person('mia');
    const dev = await world.group('dev', { users: [mia] });
    const web = await world.container(1, olga);
    await world.grant(web, { groupId: dev }, 'maintainer');
    return new LdapSessions(world, await LdapSessions.#serviceOf(world));
  }

  static #serviceOf(world: LdapWorld): Promise<LdapService> {
    const log = pino({ level: 'silent' });
    return openService({ store: world.store, databaseUrl: world.url, baseDn: BASE, log });
  }

  /** Another service over the same directory. */
  another(): Promise<LdapService> {
    return LdapSessions.#serviceOf(this.world);
  }

  /** A session that has bound. */
  async wireAs(dn: string, password: string): Promise<Wire> {
    const wire = new Wire(this.service.deps);
    const [answer] = await wire.ask(messageOf(bindOf(dn, password)));
    if (answer?.code !== 0) throw new Error(`${dn} was refused: ${answer?.code}`);
    return wire;
  }

  /** Entries that a search of the container finds. */
  async found(base: string, scope: 0 | 1 | 2, filter: Buffer, attributes: string[] = []): Promise<Answer[]> {
    const wire = await this.wireAs(WEB, 'secret-1');
    const answers = await wire.ask(messageOf(searchOf(base, scope, filter, attributes)), isDone);
    wire.close();
    const last = answers.at(-1);
    if (last?.tag !== DONE || last.code !== 0) throw new Error(`the search was refused: ${last?.code}`);
    return answers.slice(0, -1);
  }

  async close(): Promise<void> {
    this.service.stop();
    await this.world.close();
  }
}
