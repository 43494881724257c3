import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DescService } from '@bufbuild/protobuf';
import { type Client, createClient, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Command } from 'commander';
import * as z from 'zod';
import { CliError } from './explain.ts';

const savedLogin = z.object({ url: z.string(), token: z.string(), ca: z.string().optional() });

/** What `berth login` keeps, 0600 in the user's configuration directory; `ca` is PEM. */
export type SavedLogin = z.infer<typeof savedLogin>;

/** Where it is kept. */
function loginFile(): string {
  return join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'berth', 'login.json');
}

/** Writes the login; nobody else can read it. */
export function saveLogin(login: SavedLogin): void {
  mkdirSync(dirname(loginFile()), { recursive: true, mode: 0o700 });
  writeFileSync(loginFile(), `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
}

/** The login saved before, if any. @throws CliError when the file is damaged. */
function readLogin(): SavedLogin | undefined {
  let text: string;
  try {
    text = readFileSync(loginFile(), 'utf8');
  } catch {
    return undefined;
  }
  const parsed = savedLogin.safeParse(JSON.parse(text));
  if (!parsed.success) throw new CliError(`${loginFile()} is damaged; run "berth login" again.`);
  return parsed.data;
}

/** A connection to the API at `url`. `ca` is PEM; without it the system's authorities are trusted. */
export function transportTo(url: string, options: { token?: string | undefined; ca?: string | undefined }): Transport {
  const authorise: Interceptor = (next) => (request) => {
    if (options.token) request.header.set('authorization', `Bearer ${options.token}`);
    return next(request);
  };
  return createConnectTransport({
    baseUrl: url,
    httpVersion: '1.1',
    interceptors: [authorise],
    nodeOptions: options.ca ? { ca: options.ca } : {},
  });
}

/** A server, and what to trust it by: PEM, or undefined for the system's authorities. */
export interface Server {
  url: string;
  ca: string | undefined;
}

interface KnownServer extends Server {
  token: string | undefined;
}

/** The server that the command's options, the environment or the saved login name; undefined without any. */
export function serverOf(command: Command): Server | undefined {
  const known = knownServer(command);
  return known && { url: known.url, ca: known.ca };
}

/** The connection to it. @throws CliError when no server is known */
export function connect(command: Command): Transport {
  const known = knownServer(command);
  if (!known) throw new CliError('no server is known: set BERTH_URL and BERTH_TOKEN, or run "berth login URL".');
  return transportTo(known.url, known);
}

function knownServer(command: Command): KnownServer | undefined {
  const { url, ca } = command.optsWithGlobals<{ url?: string; ca?: string }>();
  const login = readLogin();
  const address = url ?? login?.url;
  if (!address) return undefined;
  const own = login && (!url || url === login.url) ? login : undefined;
  return {
    url: address,
    token: process.env.BERTH_TOKEN ?? own?.token,
    ca: ca ? readFileSync(ca, 'utf8') : own?.ca,
  };
}

/** A client of one service for the command under way. */
export function clientOf<S extends DescService>(service: S, command: Command): Client<S> {
  return createClient(service, connect(command));
}
