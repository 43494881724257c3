import { AccessService, ContainerRole, MemberSchema } from '@berth/proto/api/v1/access_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { holderOption, holderText, roleFlag, roleText } from '../holder.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { timeText } from '../time.ts';

const CONTAINER = 'identifier or site/hostname';
const HOLDER = 'login name, or group:NAME';

/** `berth container members`, `share`, `unshare`, `leave` and `transfer`. */
export function memberCommands(): Command[] {
  return [members(), share(), unshare(), leave(), transfer()];
}

function members(): Command {
  return new Command('members')
    .argument('<container>', CONTAINER)
    .description('List who may do what with a container, its owner first')
    .action(async (container: string, _options, command: Command) => {
      const client = clientOf(AccessService, command);
      const all = await allPages(async (pageToken) => {
        const page = await client.listMembers({ container, pageSize: 200, pageToken });
        return { items: page.members, next: page.nextPageToken };
      });
      printList(command, MemberSchema, all, [
        { title: 'WHO', value: (m) => holderText(m.holder) },
        { title: 'ROLE', value: (m) => roleText(m.role) },
        { title: 'NAME', value: (m) => m.holder?.displayName ?? '' },
        { title: 'GIVEN BY', value: (m) => m.grantedBy },
        { title: 'SINCE', value: (m) => timeText(m.grantedAt) },
      ]);
    });
}

function share(): Command {
  return new Command('share')
    .argument('<container>', CONTAINER)
    .argument('<who>', HOLDER)
    .description('Give a person or a group a role in a container, or another role than before')
    .addOption(roleFlag('--role', 'what they may do').makeOptionMandatory())
    .addHelpText(
      'after',
      `
A viewer sees the container; a user logs in, too; a maintainer also uses sudo and changes the container.

Examples:
  berth container share lab/web1 uma --role user
  berth container share lab/web1 group:course-2026 --role viewer`,
    )
    .action(async (container: string, who: string, { role }: { role: ContainerRole }, command: Command) => {
      const answer = await clientOf(AccessService, command).setMember({ container, holder: holderOption(who), role });
      if (!answer.member) throw new CliError('the server sent no member.');
      printMessage(command, MemberSchema, answer.member, [
        ['Who', holderText(answer.member.holder)],
        ['Role', roleText(answer.member.role)],
      ]);
    });
}

function unshare(): Command {
  return new Command('unshare')
    .argument('<container>', CONTAINER)
    .argument('<who>', HOLDER)
    .description("Take a person's or a group's role away; what they are logged in to goes on, new logins do not")
    .action(async (container: string, who: string, _options, command: Command) => {
      await clientOf(AccessService, command).removeMember({ container, holder: holderOption(who) });
    });
}

function leave(): Command {
  return new Command('leave')
    .argument('<container>', CONTAINER)
    .description('Give up your own role in a container')
    .action(async (container: string, _options, command: Command) => {
      await clientOf(AccessService, command).leaveContainer({ container });
    });
}

function transfer(): Command {
  return new Command('transfer')
    .argument('<container>', CONTAINER)
    .argument('<new-owner>', 'login name')
    .description('Make somebody else the owner of a container')
    .addOption(roleFlag('--keep', 'what the former owner keeps; nothing without it'))
    .action(async (container: string, newOwner: string, { keep }: { keep?: ContainerRole }, command: Command) => {
      const formerOwnerRole = keep ?? ContainerRole.UNSPECIFIED;
      await clientOf(AccessService, command).transferOwnership({ container, newOwner, formerOwnerRole });
    });
}
