import { guestEnvironment } from '../app/guest-logins/settings.ts';
import { AppError } from '../errors.ts';
import { renewBindSecret } from '../store/container-binds.ts';
import { runCommand } from './run-command.ts';
import type { StepContext } from './saga.ts';
import { guestRef, managingAgent, requirePlacement } from './subject-rows.ts';

const DEADLINE_MS = 5 * 60_000;

/**
 * Gives the guest its settings for logins, as environment of its first process: the one way by which PVE's REST API
 * takes something into a container of any template. (`ssh-public-keys` and `password` are root's and work in templates
 * PVE knows, hook scripts are for root@pam alone, files cannot be written at all.) The secret is made in the transaction that
 * queues the command, so it is nowhere but sealed in the command's row; a template prepared for Berth changes it before
 * it first uses it, since PVE keeps what the environment says.
 */
export async function giveLogins(context: StepContext): Promise<void> {
  const { logins } = context;
  if (!logins) return;
  const placement = await requirePlacement(context);
  const { id } = placement.container;
  try {
    await runCommand(context, {
      key: 'give-logins',
      agentId: await managingAgent(context, placement.node),
      deadlineMs: DEADLINE_MS,
      task: async (tx) => ({
        case: 'configureEnvironment',
        value: {
          guest: guestRef(placement),
          variables: guestEnvironment(logins, id, await renewBindSecret(tx, id, 'nothing')),
        },
      }),
    });
  } catch (error) {
    // A host that is upgraded after its control plane still makes containers.
    if (!(error instanceof AppError) || error.reason !== 'agent_too_old') throw error;
    await context.log('The agent is too old to pass settings for logins; set them up by a command from the page.');
  }
}
