/**
 * The lab's end of a relay: runs inside a network namespace, accepts on a unix socket (which namespaces do not
 * separate) and connects to a TCP address that only that namespace can reach.
 *
 * Arguments: path of the unix socket, host, port. Says `ready` once it accepts.
 */
import { connect, createServer } from 'node:net';
import { joinSockets } from './join-sockets.ts';

const [path, host, port] = process.argv.slice(2);

const server = createServer({ allowHalfOpen: true }, (inbound) => {
  joinSockets(inbound, connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true }));
});
server.listen(path, () => process.stdout.write('ready\n'));
