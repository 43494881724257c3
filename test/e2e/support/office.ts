/** What a host may have served before Berth came: two sites of its own nginx, and names of its own dnsmasq. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { HOST_ADDRESSES, type HostSite } from '../../lab/hosts/host-site.ts';
import type { RealHost } from '../../lab/hosts/real-host.ts';
import { waitFor } from '../../support/wait-for.ts';

const SITES = ['shop', 'wiki'];
const PRINTER = '10.65.0.77';
const address = HOST_ADDRESSES.office;

/** Sets the office up on a host, as its administrator did years ago. */
export async function openOffice(host: RealHost): Promise<void> {
  for (const site of SITES) {
    await host.write(`/var/www/${site}/index.html`, `the ${site} of the office\n`);
    await host.write(
      `/etc/nginx/sites-enabled/${site}`,
      `server { listen ${address}:80; server_name ${site}.office.lan; root /var/www/${site}; }\n`,
    );
  }
  await host.write(
    '/etc/dnsmasq.d/office.conf',
    `listen-address=${address}\nexcept-interface=lo\nbind-interfaces\nno-resolv\naddress=/printer.office.lan/${PRINTER}\n`,
  );
  await host.shell('rm /etc/nginx/sites-enabled/default && systemctl enable --now nginx dnsmasq');
}

/** Somebody who works at the office: asks for both sites and the printer again and again. */
export class OfficeWorker {
  readonly #child: ChildProcess;
  #said = '';

  constructor({ network }: HostSite) {
    this.#child = network.hosts.cp.spawn('sh', ['-c', WORK], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child.stdout?.on('data', (chunk) => {
      this.#said += chunk;
    });
  }

  /** Works for another round at least and goes home. @returns what did not answer meanwhile */
  async stop(): Promise<string[]> {
    const heard = this.#said.length;
    await waitFor(() => this.#said.slice(heard).includes('round'), { what: 'a round of the office' });
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
    return this.#said.split('\n').filter((line) => line.startsWith('no '));
  }
}

const WORK = `while :; do
  for site in ${SITES.join(' ')}; do
    curl -s -m 5 -H "Host: $site.office.lan" http://${address}/ | grep -q "the $site of the office" || echo "no $site"
  done
  dig +short +tries=1 +time=5 @${address} printer.office.lan | grep -qx ${PRINTER} || echo "no printer"
  echo round
  sleep 0.5
done`;
