import { type AuditEntry, AuditEntrySchema, AuditService, AuditVia } from '@berth/proto/api/v1/audit_pb.js';
import { toJson } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { printList } from '../output.ts';
import { wholeNumber } from '../parse.ts';
import { timeOption, timeText } from '../time.ts';

interface FilterOptions {
  user?: string;
  action?: string;
  object?: string;
  site?: string;
  address?: string;
  text?: string;
  since?: Timestamp;
  until?: Timestamp;
}

/** Entries listed unless more are asked for. */
const LIMIT = 50;

/** `berth audit …`. */
export function auditCommand(): Command {
  const audit = new Command('audit').description('Who did what to what, from where, and what changed by it');
  withFilter(audit.command('list').description('List entries, newest first'))
    .option('--limit <n>', 'how many at most', wholeNumber, LIMIT)
    .addHelpText('after', '\nExample:\n  berth audit list --object lab/web1 --action container. --since 7d')
    .action(list);
  withFilter(audit.command('export').description('Print entries as JSON lines, oldest first'))
    .addHelpText('after', '\nExample:\n  berth audit export --since 2026-01-01 --until 2026-02-01 > 2026-01.jsonl')
    .action(async (options: FilterOptions, command: Command) => {
      for await (const { entries } of clientOf(AuditService, command).exportAudit({ filter: options })) {
        for (const entry of entries) process.stdout.write(`${JSON.stringify(toJson(AuditEntrySchema, entry))}\n`);
      }
    });
  return audit;
}

function withFilter(command: Command): Command {
  return command
    .option('--user <name>', 'who did it: login name')
    .option('--action <action>', 'what was done, or how that begins, e.g. container.')
    .option('--object <name>', 'what it was done to: identifier or name, e.g. lab/web1')
    .option('--site <site>', 'identifier or name of a site')
    .option('--address <address>', 'where it came from')
    .option('--text <text>', 'a word in names, action or change')
    .option('--since <time>', 'from then on: a date, a time, or how long ago (30m, 12h, 7d)', timeOption)
    .option('--until <time>', 'before then', timeOption);
}

async function list({ limit, ...filter }: FilterOptions & { limit: number }, command: Command): Promise<void> {
  const client = clientOf(AuditService, command);
  const entries: AuditEntry[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(200, limit - entries.length);
    const page = await client.listAuditEntries({ filter, pageSize, pageToken });
    entries.push(...page.entries);
    pageToken = page.nextPageToken;
  } while (pageToken && entries.length < limit);
  printList(command, AuditEntrySchema, entries, [
    { title: 'WHEN', value: (e) => timeText(e.at) },
    { title: 'WHO', value: (e) => e.user || 'Berth' },
    { title: 'DID', value: (e) => e.action },
    { title: 'TO', value: (e) => e.objectName || e.objectId },
    { title: 'CHANGE', value: changeText },
    { title: 'BY', value: (e) => (e.via === AuditVia.UNSPECIFIED ? '' : (AuditVia[e.via] ?? '').toLowerCase()) },
    { title: 'FROM', value: (e) => e.address },
  ]);
}

function changeText({ changes }: AuditEntry): string {
  return changes.map(({ field, from, to }) => `${field}: ${from === '' ? to : `${from} → ${to}`}`).join(', ');
}
