import type { Finding } from '@berth/proto/contract/finding.ts';
import { checkReach, clockFinding, secondsAhead } from '../host/check-server.ts';
import { type Identity, IdentityStore, lifeOf } from '../shared/identity.ts';

/** Share of a certificate's life after which it should have been renewed, with room for a control plane that was away. */
const LATE = 0.8;
const HOUR_MS = 3_600_000;

/** Who this host is to the control plane, for how long yet, and whether that one can be reached. */
export async function examineIdentity(stateDir: string): Promise<Finding[]> {
  const identity = await new IdentityStore(stateDir).read();
  if (!identity) {
    const remedy = 'Join it with the command that the control plane gives: berth agent create, or the page Agents.';
    return [{ check: 'enrolment', state: 'fault', message: 'this host is not enrolled', remedy }];
  }
  const enrolled: Finding = { check: 'enrolment', state: 'ok', message: `enrolled as ${identity.agentId}` };
  const [host = '', port = ''] = splitAddress(identity.sessionAddress);
  const reach = await checkReach('agents port', host, Number(port));
  return [enrolled, certificateFinding(identity.chainPem, Date.now()), await clockOf(identity), asFault(reach)];
}

/** How a certificate's age is to be judged. @param nowMs milliseconds since the Unix epoch */
export function certificateFinding(chainPem: string, nowMs: number): Finding {
  const { notBeforeMs, notAfterMs } = lifeOf(chainPem);
  const left = `${((notAfterMs - nowMs) / HOUR_MS).toFixed(1)} h left of ${((notAfterMs - notBeforeMs) / HOUR_MS).toFixed(0)} h`;
  const check = 'certificate';
  if (nowMs >= notAfterMs) {
    const message = `it ended at ${new Date(notAfterMs).toISOString()}; the control plane takes this host no longer`;
    const remedy = 'Join again with a new token: berth agent create, or the page Agents.';
    return { check, state: 'fault', message, remedy };
  }
  if (nowMs < notBeforeMs) {
    const message = `it begins at ${new Date(notBeforeMs).toISOString()}, which is to come by this host's clock`;
    return { check, state: 'fault', message, remedy: 'timedatectl set-ntp true' };
  }
  const late = nowMs > notBeforeMs + LATE * (notAfterMs - notBeforeMs);
  if (!late) return { check, state: 'ok', message: left };
  const message = `${left}, and it should have been renewed; what the host serves goes on without it`;
  return { check, state: 'warning', message, remedy: 'Why not: journalctl -u berth-agent | grep renewed' };
}

async function clockOf({ server }: Identity): Promise<Finding> {
  const url = server === undefined ? undefined : URL.parse(server);
  if (!url)
    return { check: 'clock', state: 'ok', message: 'not compared: this host joined before it noted the server' };
  return secondsAhead(url).then(clockFinding, (error: unknown) => {
    const message = `${url.origin} cannot be asked for the time: ${error instanceof Error ? error.message : String(error)}`;
    return { check: 'clock', state: 'warning', message, remedy: 'timedatectl status' };
  });
}

/** A host that is enrolled knows the port for certain. */
function asFault(reach: Finding): Finding {
  return reach.state === 'ok' ? reach : { ...reach, state: 'fault' };
}

function splitAddress(address: string): [string, string] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon), address.slice(colon + 1)];
}
