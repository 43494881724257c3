import {
  type HandedLink,
  type Invitation,
  InvitationSchema,
  InviteUserResponseSchema,
  MailDelivery,
  SignUpService,
} from '@berth/proto/api/v1/sign_up_pb.js';
import { create } from '@bufbuild/protobuf';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { collect } from '../parse.ts';
import { timeText } from '../times.ts';

const DELIVERIES: Partial<Record<MailDelivery, string>> = {
  [MailDelivery.QUEUED]: 'on its way',
  [MailDelivery.SENT]: 'sent',
  [MailDelivery.FAILED]: 'failed',
};

interface InviteOptions {
  username?: string;
  displayName?: string;
  group?: string[];
}

/** `berth user invite`. */
export function inviteCommand(): Command {
  return new Command('invite')
    .argument('<email>', 'address of who is invited')
    .description('Invite somebody to make himself an account, within 24 hours')
    .option('--username <name>', 'login name to propose')
    .option('--display-name <name>', 'name to propose')
    .option('--group <group>', 'group to put him into (repeatable)', collect)
    .addHelpText('after', '\nExample:\n  berth user invite ada@example.org --group students')
    .action(async (email: string, options: InviteOptions, command: Command) => {
      const { username = '', displayName = '', group: groups = [] } = options;
      const invitation = { email, username, displayName, groups };
      show(command, await clientOf(SignUpService, command).inviteUser({ invitation }));
    });
}

/** `berth invitation …`. */
export function invitationCommand(): Command {
  const invitation = new Command('invitation').description('Invitations that nobody has accepted yet');
  invitation
    .command('list')
    .description('List the invitations')
    .action(async (_options, command: Command) => {
      const client = clientOf(SignUpService, command);
      const invitations = await allPages(async (pageToken) => {
        const page = await client.listInvitations({ pageSize: 200, pageToken });
        return { items: page.invitations, next: page.nextPageToken };
      });
      printList(command, InvitationSchema, invitations, [
        { title: 'INVITATION', value: (i) => i.id },
        { title: 'EMAIL', value: (i) => i.email },
        { title: 'GROUPS', value: (i) => i.groups.join(',') },
        { title: 'MAIL', value: (i) => DELIVERIES[i.delivery] ?? 'handed over' },
        { title: 'WORKS UNTIL', value: (i) => timeText(i.expiresAt) },
      ]);
    });
  invitation
    .command('resend')
    .argument('<invitation>', 'identifier')
    .description('Send an invitation again with a new link; the former one stops working')
    .action(async (id: string, _options, command: Command) => {
      show(command, await clientOf(SignUpService, command).resendInvitation({ invitation: id }));
    });
  invitation
    .command('delete')
    .argument('<invitation>', 'identifier')
    .description('Make an invitation worthless')
    .action(async (id: string, _options, command: Command) => {
      await clientOf(SignUpService, command).deleteInvitation({ invitation: id });
    });
  return invitation;
}

function show(command: Command, { invitation, link }: { invitation?: Invitation; link?: HandedLink }): void {
  const message = create(InviteUserResponseSchema, { ...(invitation && { invitation }), ...(link && { link }) });
  printMessage(command, InviteUserResponseSchema, message, [
    ['Invitation', `${invitation?.email} (${invitation?.id})`],
    ['Link', link?.mailed ? 'a mail carries it' : link?.url || 'shown once already'],
    ['Works until', timeText(link?.expiresAt)],
  ]);
}
