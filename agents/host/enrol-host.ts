/**
 * Makes a machine a host of Berth, as root, once: looks whether it can be one, says what will be changed, asks, joins,
 * and sees to it that the services run and serve. What is configured on the host already stays as it is: Berth has an
 * nginx and a dnsmasq of its own. Joining comes before any change, since only that can be refused by somebody else;
 * done again, all of it changes nothing.
 */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Finding, findingsText } from '@berth/proto/contract/finding.ts';
import { CONFIG_FILE, ConfigError, DEFAULT_STATE_DIR, readConfig } from '../config.ts';
import { type EnrolOptions, enrol } from '../enroll.ts';
import { type Identity, IdentityStore } from '../shared/identity.ts';
import { awaitServing, type ServingWait } from './await-serving.ts';
import { configFor, contradictions, type HostOptions, type HostPlan, planOf } from './host-plan.ts';
import { lookAtHost } from './look-at-host.ts';
import { ACCOUNT, AGENT_UNIT, accountOf, actingAs, isEnabled, PATH_UNITS, systemctl } from './system.ts';

/** Services that made room; the package's removal starts them again. Root's, since it says what root is to do. */
const REPLACED_FILE = '/etc/berth/berth-agent.replaced';

/** What an enrolment of a host is given. */
export interface HostEnrolment {
  join: Omit<EnrolOptions, 'stateDir' | 'roles'>;
  host: HostOptions;
  /** Go on without asking. */
  yes: boolean;
  /** Look and say, and change nothing. */
  checkOnly: boolean;
  /** Where to say it. */
  print(text: string): void;
  /** Asks whether to go on; undefined where there is nobody to ask. */
  confirm(question: string): Promise<boolean | undefined>;
}

/** What will be done. */
interface Changes {
  plan: HostPlan;
  stateDir: string;
  /** Content of the configuration file to be written; undefined when there is one. */
  config?: string;
  /** Units that make room. */
  idle: string[];
}

/** Enrols this host. @returns whether it serves @throws EnrolError, ConfigError */
export async function enrolHost(enrolment: HostEnrolment): Promise<boolean> {
  const { print } = enrolment;
  const { changes, findings } = await look(enrolment);
  print(findingsText(findings));
  if (findings.some(({ state }) => state === 'fault')) {
    print('\nNothing was changed. Do what is said above, and run the same command again.\n');
    return false;
  }
  print(`\n${changeWords(changes, enrolment)}`);
  if (enrolment.checkOnly || !(await allowed(enrolment, changes))) {
    print('\nNothing was changed.\n');
    return enrolment.checkOnly;
  }
  const { identity, renewed } = await join(enrolment, changes);
  print(`enrolled as ${identity.agentId}\n`);
  await makeRoom(changes.idle);
  await writeConfig(changes.config);
  await startUnits(renewed);
  return tellServing(await awaitServing(changes.stateDir), changes, print);
}

async function look(enrolment: HostEnrolment): Promise<{ changes: Changes; findings: Finding[] }> {
  const { host, join: joining } = enrolment;
  const there = existsSync(CONFIG_FILE);
  const content: unknown = there ? JSON.parse(await readFile(CONFIG_FILE, 'utf8')) : configFor(host);
  const plan = planOf(content, there ? CONFIG_FILE : 'options');
  const { findings, idle } = await lookAtHost(plan, { server: joining.server, caSha256: joining.caSha256 });
  const stateDir = there ? (await readConfig(CONFIG_FILE)).stateDir : DEFAULT_STATE_DIR;
  const config = there ? {} : { config: `${JSON.stringify(content, null, 2)}\n` };
  if (there) findings.unshift(configFinding(contradictions(content, host)));
  return { changes: { plan, stateDir, idle, ...config }, findings };
}

function configFinding(against: readonly string[]): Finding {
  const check = 'configuration';
  if (against.length === 0) return { check, state: 'ok', message: `${CONFIG_FILE} is there and stays as it is` };
  const message = `${CONFIG_FILE} is there, is never overwritten, and says otherwise than the options`;
  const remedy = `Edit ${CONFIG_FILE}, or move it away:\n${against.join('\n')}`;
  return { check, state: 'fault', message, remedy };
}

function changeWords({ config, idle }: Changes, { join: joining }: HostEnrolment): string {
  const lines = [
    `join ${joining.server}${joining.name === undefined ? '' : ` as ${joining.name}`}`,
    ...idle.map((unit) => `stop and disable ${unit}; removing berth-agent enables it again`),
    ...(config === undefined ? [] : [`write ${CONFIG_FILE}: ${JSON.stringify(JSON.parse(config))}`]),
    `enable and start ${[AGENT_UNIT, ...PATH_UNITS].join(', ')}`,
  ];
  return `On this host:\n${lines.map((line) => `  ${line}\n`).join('')}Nothing in /etc/nginx and /etc/dnsmasq* is touched.\n`;
}

/** Without anybody to ask, services of the host are left alone. */
async function allowed({ yes, confirm, print }: HostEnrolment, { idle }: Changes): Promise<boolean> {
  if (yes) return true;
  const answer = await confirm('Go on? [y/N] ');
  if (answer !== undefined) return answer;
  if (idle.length > 0) print(`There is nobody to ask whether ${idle.join(', ')} may be stopped: say so with --yes.\n`);
  return idle.length === 0;
}

async function join(enrolment: HostEnrolment, { stateDir }: Changes) {
  const account = await accountOf(ACCOUNT);
  if (!account) throw new ConfigError(`there is no account ${ACCOUNT}: systemd-sysusers berth-agent.conf`);
  await mkdir(stateDir, { recursive: true });
  await chown(stateDir, account.uid, account.gid);
  await chmod(stateDir, 0o711);
  const options: EnrolOptions = { ...enrolment.join, roles: enrolment.host.roles, stateDir };
  return actingAs(account, async (): Promise<{ identity: Identity; renewed: boolean }> => {
    const before = await new IdentityStore(stateDir).read();
    const identity = await enrol(options);
    return { identity, renewed: before?.agentId !== identity.agentId };
  });
}

/** What each unit was is written down before it is ended, one `enable UNIT` or `start UNIT` a line. */
async function makeRoom(units: readonly string[]): Promise<void> {
  if (units.length === 0) return;
  const before = await readFile(REPLACED_FILE, 'utf8').catch(() => '');
  const replaced = new Set(before.split('\n').filter(Boolean));
  for (const unit of units) {
    if (await isEnabled(unit)) replaced.add(`enable ${unit}`);
    replaced.add(`start ${unit}`);
  }
  await mkdir(dirname(REPLACED_FILE), { recursive: true });
  await writeFile(REPLACED_FILE, `${[...replaced].join('\n')}\n`);
  for (const unit of units) orThrow(await systemctl('disable', '--now', unit));
}

async function writeConfig(config: string | undefined): Promise<void> {
  if (config === undefined) return;
  await mkdir(dirname(CONFIG_FILE), { recursive: true });
  await writeFile(CONFIG_FILE, config, { flag: 'wx', mode: 0o644 });
  // Whatever root's umask: the agent must read it.
  await chmod(CONFIG_FILE, 0o644);
}

/** @param renewed whether a running agent goes by an identity that is not its own any more */
async function startUnits(renewed: boolean): Promise<void> {
  if (!(await isEnabled(AGENT_UNIT))) orThrow(await systemctl('enable', '--quiet', AGENT_UNIT));
  orThrow(await systemctl('start', ...PATH_UNITS));
  orThrow(await systemctl(renewed ? 'restart' : 'start', AGENT_UNIT));
}

function tellServing(wait: ServingWait, { plan }: Changes, print: (text: string) => void): boolean {
  if (!wait.serves) {
    print(`It does not serve yet: ${wait.reason}\nSee: berth-agent doctor; journalctl -u ${AGENT_UNIT}\n`);
    return false;
  }
  const { nginx, dnsmasq, proxmox } = plan;
  const parts = [
    ...(nginx ? [`nginx on ports ${nginx.httpPort} and ${nginx.httpsPort}`] : []),
    ...(dnsmasq ? [`dnsmasq on port ${dnsmasq.dnsPort}${dnsmasq.dhcp ? ' and for DHCP' : ''}`] : []),
    ...(proxmox ? ['Proxmox'] : []),
  ];
  print(`This host serves (${parts.join(', ')}): ${wait.words}.\n`);
  for (const [node, words] of Object.entries(wait.nodes)) print(`\nPVE node ${node}: ${words}\n`);
  return true;
}

function orThrow(words: string | undefined): void {
  if (words !== undefined) throw new ConfigError(words);
}
