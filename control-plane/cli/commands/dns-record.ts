import { DnsProvidersService, DnsRecordSchema, DnsRecordState } from '@berth/proto/api/v1/dns_providers_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { printList } from '../output.ts';
import { allPages } from '../pages.ts';

/** `berth dns-record …`. */
export function dnsRecordCommand(): Command {
  const record = new Command('dns-record').description('Public records that Berth keeps for the names of services');
  record
    .command('list')
    .argument('<domain>', 'name or identifier')
    .description('List the records of a domain, with those that could not be made')
    .action(async (domain: string, _options, command: Command) => {
      const client = clientOf(DnsProvidersService, command);
      const records = await allPages(async (pageToken) => {
        const page = await client.listDnsRecords({ domain, pageSize: 200, pageToken });
        return { items: page.records, next: page.nextPageToken };
      });
      printList(command, DnsRecordSchema, records, [
        { title: 'NAME', value: (r) => r.name },
        { title: 'TYPE', value: (r) => r.type },
        { title: 'VALUE', value: (r) => r.value },
        { title: 'STATE', value: (r) => (DnsRecordState[r.state] ?? '').toLowerCase() },
        { title: 'PROBLEM', value: (r) => r.problem },
      ]);
    });
  return record;
}
