import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { holderWords, listListeners, parseSockets, unitOf } from './listeners.ts';

const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, state: string, inode: number) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

describe('parseSockets', () => {
  it('reads addresses as the kernel writes them, and only sockets that are open to anybody', () => {
    const table = [
      HEADER,
      row('0100007F:0035', '0A', 11),
      row('3500007F:0035', '0A', 12),
      row('0100007F:1F90', '01', 13),
    ];
    expect(parseSockets(table.join('\n'), 'tcp')).toEqual([
      { protocol: 'tcp', address: '127.0.0.1', port: 53, inode: '11' },
      { protocol: 'tcp', address: '127.0.0.53', port: 53, inode: '12' },
    ]);
    expect(parseSockets([HEADER, row('00000000:0043', '07', 9)].join('\n'), 'udp')).toEqual([
      { protocol: 'udp', address: '0.0.0.0', port: 67, inode: '9' },
    ]);
  });

  it('reads IPv6 addresses', () => {
    const table = [
      HEADER,
      row('00000000000000000000000000000000:0050', '0A', 1),
      row('00000000000000000000000001000000:0050', '0A', 2),
      row('B80D0120000000000000000001000000:0050', '0A', 3),
    ];
    expect(parseSockets(table.join('\n'), 'tcp').map(({ address }) => address)).toEqual(['::', '::1', '2001:db8::1']);
  });
});

describe('listListeners', () => {
  it('names the program that holds a port', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const found = (await listListeners()).find((listener) => listener.port === port && listener.protocol === 'tcp');
    server.close();
    expect(found).toMatchObject({ address: '127.0.0.1', pid: process.pid });
    expect(found && holderWords(found)).toContain(`pid ${process.pid}`);
  });
});

describe('unitOf', () => {
  it('reads both layouts of control groups', () => {
    expect(unitOf('12:cpu:/\n1:name=systemd:/lxc/g1/system.slice/nginx.service\n0::/')).toBe('nginx.service');
    expect(unitOf('0::/system.slice/dnsmasq.service\n')).toBe('dnsmasq.service');
    expect(unitOf('0::/user.slice/user-0.slice/session-1.scope\n')).toBeUndefined();
  });
});
