import {
  type ApiToken,
  ApiTokenSchema,
  CreateApiTokenResponseSchema,
  TokenScope,
  TokensService,
} from '@berth/proto/api/v1/tokens_pb.js';
import { Command, Option } from 'commander';
import { clientOf } from '../client.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { wholeNumber } from '../parse.ts';
import { timeText } from '../times.ts';

const SCOPES: Record<string, TokenScope> = {
  metrics: TokenScope.METRICS,
  read: TokenScope.READ,
  containers: TokenScope.CONTAINERS,
  admin: TokenScope.ADMIN,
};
const DAY_SECONDS = 86_400;

/** `berth token …`. */
export function tokenCommand(): Command {
  const token = new Command('token').description('Tokens for programs that act in your name');
  token
    .command('create')
    .argument('<name>', 'what it is for')
    .description('Make a token and print it, this once')
    .addOption(new Option('--scope <scope>', 'how far it reaches').choices(Object.keys(SCOPES)).default('containers'))
    .option('--site <site>', 'the only site it reaches')
    .option('--container <container>', 'the only container it reaches, as site/hostname')
    .option('--days <n>', 'how long it works; without, until it is revoked', wholeNumber)
    .addHelpText(
      'after',
      `
Example:
  berth token create deploy --scope containers --container lab/web1 --days 90 -o json`,
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const answer = await clientOf(TokensService, command).createApiToken({
        name,
        scope: SCOPES[options.scope] ?? TokenScope.UNSPECIFIED,
        site: options.site ?? '',
        container: options.container ?? '',
        ...(options.days === undefined ? {} : { ttl: { seconds: BigInt(options.days * DAY_SECONDS) } }),
      });
      printMessage(command, CreateApiTokenResponseSchema, answer, [
        ['Token', answer.token],
        ['Shown', 'only now; keep it where your program finds it, e.g. as BERTH_TOKEN'],
        ['Works until', timeText(answer.apiToken?.expiresAt) || 'it is revoked'],
        ['ID', answer.apiToken?.id ?? ''],
      ]);
    });
  token
    .command('list')
    .option('--user <user>', "somebody else's, for administrators")
    .description('List tokens, newest first')
    .action(async (options: { user?: string }, command: Command) => {
      const client = clientOf(TokensService, command);
      const tokens = await allPages(async (pageToken) => {
        const page = await client.listApiTokens({ user: options.user ?? '', pageSize: 200, pageToken });
        return { items: page.apiTokens, next: page.nextPageToken };
      });
      printList(command, ApiTokenSchema, tokens, [
        { title: 'NAME', value: (t: ApiToken) => t.name },
        { title: 'BEGINS', value: (t) => t.prefix },
        { title: 'SCOPE', value: (t) => (TokenScope[t.scope] ?? '').toLowerCase() },
        { title: 'ONLY', value: (t) => t.container || t.site },
        { title: 'WORKS UNTIL', value: (t) => timeText(t.expiresAt) || 'until revoked' },
        {
          title: 'LAST USED',
          value: (t) => [timeText(t.lastUsedAt), t.lastUsedAddress].filter(Boolean).join(' from '),
        },
        { title: 'ID', value: (t) => t.id },
      ]);
    });
  token
    .command('delete')
    .argument('<token>', 'identifier')
    .description('Revoke a token: it works nowhere from now on')
    .action(async (id: string, _options, command: Command) => {
      await clientOf(TokensService, command).deleteApiToken({ apiToken: id });
    });
  return token;
}

interface CreateOptions {
  scope: string;
  site?: string;
  container?: string;
  days?: number;
}
