import { Command, InvalidArgumentError } from 'commander';

/** `berth ldap`: the gateway as a process of its own. */
export function ldapCommand(): Command {
  return new Command('ldap')
    .description('Serve the LDAP gateway in a process of its own, configured as the control plane is.')
    .option('--processes <count>', 'processes that share the connections', count, 1)
    .addHelpText(
      'after',
      `
Environment: BERTH_LDAP_LISTEN (LDAPS), BERTH_LDAP_STARTTLS_LISTEN, BERTH_LDAP_BASE, and BERTH_DATABASE_URL,
BERTH_MASTER_KEY_FILE and BERTH_SERVER_NAMES as for the control plane.

Examples:
  BERTH_LDAP_LISTEN=0.0.0.0:636 berth ldap --processes 2`,
    )
    .action(async ({ processes }: { processes: number }) => {
      const { readConfig } = await import('../../config.ts');
      const { withCredentials } = await import('../../host/credentials.ts');
      const { becomeGateway } = await import('../../ldap/become-gateway.ts');
      becomeGateway(readConfig(withCredentials(process.env)), processes);
    });
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64)
    throw new InvalidArgumentError('takes a number from 1 to 64');
  return value;
}
