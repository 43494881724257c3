import { DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import type { Command } from 'commander';
import { clientOf } from '../client.ts';
import { holderOption } from '../holder.ts';
import { showDomain } from '../show-domain.ts';

/** Adds `berth domain grant` and `berth domain withdraw`. */
export function domainGrants(domain: Command): void {
  const withArguments = (command: Command) =>
    command.argument('<domain>', 'name or identifier').argument('<who>', 'login name, or group:NAME');
  withArguments(domain.command('grant'))
    .description('Give a domain to a person or a group to use')
    .addHelpText('after', '\nExample:\n  berth domain grant shop.example.org group:crew')
    .action(async (reference: string, who: string, _options: unknown, command: Command) => {
      const request = { domain: reference, grant: grantOf(who) };
      showDomain(command, (await clientOf(DomainsService, command).grantDomain(request)).domain);
    });
  withArguments(domain.command('withdraw'))
    .description('Take a domain back; what is served under it goes on')
    .addHelpText('after', '\nExample:\n  berth domain withdraw shop.example.org ada')
    .action(async (reference: string, who: string, _options: unknown, command: Command) => {
      const request = { domain: reference, grant: grantOf(who) };
      showDomain(command, (await clientOf(DomainsService, command).withdrawDomain(request)).domain);
    });
}

function grantOf(who: string) {
  return { principal: holderOption(who).holder };
}
