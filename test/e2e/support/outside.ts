import type { Lab } from '../../lab/lab.ts';
import { LAB_PLAN } from '../../lab/net/plan.ts';

const ATTEMPT_S = '3';

/** An answer to an HTTPS request from outside; status 0 when there was none. */
export interface HttpAnswer {
  status: number;
  body: string;
}

/** What a user outside the site sees: requests from the client's namespace to the ingress address, by real programs. */
export function outside(lab: Lab) {
  const ingress = LAB_PLAN.web.wan.address;
  return {
    /** GET https://host/path, whoever signed the certificate. */
    async https(host: string, path = '/'): Promise<HttpAnswer> {
      const args = [
        '-sk',
        '-m',
        ATTEMPT_S,
        '--resolve',
        `${host}:443:${ingress}`,
        '-w',
        '\n%{http_code}',
        `https://${host}${path}`,
      ];
      const text = await lab.network.hosts.client.run('curl', args).then(
        ({ stdout }) => stdout,
        () => '\n0',
      );
      const end = text.lastIndexOf('\n');
      return { status: Number(text.slice(end + 1)), body: text.slice(0, end) };
    },
    /** The first line that a TCP service says, or nothing. */
    async banner(port: number): Promise<string> {
      // bash itself, because nc with nothing to send closes before it has heard.
      const script = 'exec 3<>"/dev/tcp/$0/$1" && read -r -t "$2" line <&3 && printf %s "$line"';
      const asked = lab.network.hosts.client.run('bash', ['-c', script, ingress, String(port), ATTEMPT_S]);
      return asked.then(
        ({ stdout }) => stdout.trim(),
        () => '',
      );
    },
    /** What a UDP service sends back for a line, or nothing. */
    async datagram(port: number, line: string): Promise<string> {
      // Not by bash's read, which takes a byte at a time and with it drops the rest of a datagram.
      const script = 'exec 3<>"/dev/udp/$0/$1" && echo "$3" >&3 && timeout "$2" dd bs=2048 count=1 status=none <&3';
      const asked = lab.network.hosts.client.run('bash', ['-c', script, ingress, String(port), ATTEMPT_S, line]);
      return asked.then(
        ({ stdout }) => stdout.trim(),
        () => '',
      );
    },
    /** What the site's dnsmasq answers to `dig`, one record a line. */
    async resolve(...question: string[]): Promise<string> {
      const args = [`@${LAB_PLAN.dns.lan.address}`, '+short', '+time=2', '+tries=1', ...question];
      return (await lab.network.hosts.pve.run('dig', args)).stdout.trim();
    },
  };
}
