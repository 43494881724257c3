import { existsSync } from 'node:fs';
import { exitCodeOf, type Finding, findingsText } from '@berth/proto/contract/finding.ts';
import { Command } from 'commander';
import { connect, serverOf } from '../client.ts';
import { formatOf, printData } from '../output.ts';

/** `berth doctor`: whether all is well with Berth on this machine. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Look whether all is well with Berth on this host, and say what to do about what is not')
    .addHelpText(
      'after',
      `
On the control plane's host, as root, it looks at the services, ports, names, certificates, the database and what it
holds of agents and addresses. Where a server is known (BERTH_URL, --url, "berth login"), it looks at that server as
any client sees it. On a host with the agent's package it runs "berth-agent doctor", too.

Exit code: 0 without a fault, warnings or not; 1 with one.

Examples:
  berth doctor
  berth doctor -o json | jq '.[] | select(.state != "ok")'`,
    )
    .action(async (_options, command: Command) => {
      const findings = await allFindings(command);
      const format = formatOf(command);
      if (format === 'table') process.stdout.write(findingsText(findings));
      else printData(format, findings);
      process.exitCode = exitCodeOf(findings);
    });
}

async function allFindings(command: Command): Promise<Finding[]> {
  const { agentDoctorFindings } = await import('../../doctor/agent-doctor.ts');
  const here = await hostFindings();
  const server = serverOf(command);
  const there = server ? await serverFindings(command, server) : [];
  const agent = await agentDoctorFindings();
  const all = [...here, ...(here.length > 0 ? there.map(graveForClients) : there), ...agent];
  if (all.length > 0) return all;
  const message = 'no control plane is set up here, no server is known, and there is no agent';
  const remedy = 'Set BERTH_URL or run "berth login URL"; to make a control plane of this host: "berth setup".';
  return [{ check: 'server', state: 'fault', message, remedy }];
}

/** Whether root's own sign-in still holds says nothing of the control plane on this host. */
function graveForClients(finding: Finding): Finding {
  return finding.check === 'token' && finding.state === 'fault' ? { ...finding, state: 'warning' } : finding;
}

async function hostFindings(): Promise<Finding[]> {
  const { HOST } = await import('../../host/paths.ts');
  const { BERTH_STATE_DIR, BERTH_DATABASE_URL } = process.env;
  if (BERTH_STATE_DIR === undefined && BERTH_DATABASE_URL === undefined && !existsSync(HOST.envFile)) return [];
  const { diagnose } = await import('../../doctor/check.ts');
  const { hostChecks } = await import('../../doctor/host-checks.ts');
  const { thisHost } = await import('../../doctor/host-view.ts');
  const { hostConfig } = await import('../host-config.ts');
  let config: ReturnType<typeof hostConfig>;
  try {
    config = hostConfig();
  } catch (error) {
    return [configurationFinding(error)];
  }
  const { checks, close } = await hostChecks(thisHost(config));
  try {
    return await diagnose(checks);
  } finally {
    await close();
  }
}

function configurationFinding(error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') {
    const remedy = 'Run it as root to have the control plane of this host looked at, too.';
    return { check: 'configuration', state: 'warning', message, remedy };
  }
  const remedy = 'Mend /etc/berth/berth.env, then "systemctl restart berth".';
  return { check: 'configuration', state: 'fault', message, remedy };
}

async function serverFindings(command: Command, server: { url: string; ca: string | undefined }): Promise<Finding[]> {
  const { diagnose } = await import('../../doctor/check.ts');
  const { clientChecks } = await import('../../doctor/client-checks.ts');
  return diagnose(clientChecks({ ...server, transport: connect(command), now: Date.now }));
}
