import { AccessService, SiteAdministratorSchema } from '@berth/proto/api/v1/access_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { holderOption, holderText } from '../holder.ts';
import { printList } from '../output.ts';
import { allPages } from '../pages.ts';
import { timeText } from '../time.ts';

const SITE = 'identifier or name';
const HOLDER = 'login name, or group:NAME';

/** `berth site administrators …`. */
export function siteAdministratorsCommand(): Command {
  const administrators = new Command('administrators').description('Who administers a site');
  administrators
    .command('list')
    .argument('<site>', SITE)
    .description('List who administers a site')
    .action(async (site: string, _options, command: Command) => {
      const client = clientOf(AccessService, command);
      const all = await allPages(async (pageToken) => {
        const page = await client.listSiteAdministrators({ site, pageSize: 200, pageToken });
        return { items: page.administrators, next: page.nextPageToken };
      });
      printList(command, SiteAdministratorSchema, all, [
        { title: 'WHO', value: (a) => holderText(a.holder) },
        { title: 'NAME', value: (a) => a.holder?.displayName ?? '' },
        { title: 'SINCE', value: (a) => timeText(a.createdAt) },
      ]);
    });
  administrators
    .command('add')
    .argument('<site>', SITE)
    .argument('<who>', HOLDER)
    .description('Make a person or a group administer a site: its nodes and agents, and all containers as their owner')
    .addHelpText('after', '\nExample:\n  berth site administrators add lab group:operators')
    .action(async (site: string, who: string, _options, command: Command) => {
      await clientOf(AccessService, command).addSiteAdministrator({ site, holder: holderOption(who) });
    });
  administrators
    .command('remove')
    .argument('<site>', SITE)
    .argument('<who>', HOLDER)
    .description('Take the administration of a site away')
    .action(async (site: string, who: string, _options, command: Command) => {
      await clientOf(AccessService, command).removeSiteAdministrator({ site, holder: holderOption(who) });
    });
  return administrators;
}
