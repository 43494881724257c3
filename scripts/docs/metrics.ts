// The page of the figures, from their definitions and, for the process's own, from the library that collects them.
import { AGENTS } from '@berth/control-plane/metrics/agent-definitions.ts';
import type { Definition } from '@berth/control-plane/metrics/definition.ts';
import { OWN } from '@berth/control-plane/metrics/own-definitions.ts';
import { processFigures } from '@berth/control-plane/metrics/process-figures.ts';
import { STORE } from '@berth/control-plane/metrics/store-definitions.ts';

const INTRODUCTION = `# Figures

Made from \`control-plane/metrics\` by \`scripts/gen\`; do not edit it here.

\`GET /metrics\` at the address of the pages answers in Prometheus' text format. It wants a token of an administrator of
Berth that is kept to no site or container; the scope \`metrics\` suffices, and such a token can do nothing else:

\`\`\`sh
berth token create prometheus --scope metrics
\`\`\`

\`\`\`yaml
scrape_configs:
  - job_name: berth
    scheme: https
    authorization: { credentials_file: /etc/prometheus/berth-token }
    tls_config: { ca_file: /etc/prometheus/berth-ca.pem }
    static_configs: [{ targets: [berth.example:8443] }]
\`\`\`

Agents open no port: what they count comes with their heartbeats, and is told by the replica that has their session.

With several replicas each tells what it counted itself (\`?part=replica\`) and what the store holds, which all of them
tell alike (\`?part=store\`). Have one job ask every replica with \`params: { part: [replica] }\`, and add up over
\`instance\`; have another ask one address, the balancer's, with \`params: { part: [store] }\`. LDAP gateways in processes
of their own (\`berth ldap\`) tell nothing here.

Figures of what has not happened yet are not there. Counters begin at 0 with each start of whoever counts.
`;

/** The page. */
export async function metricsPage(): Promise<string> {
  const own = await processFigures().getMetricsAsJSON();
  const ofProcess = own.map(({ name, help, type }) => [name, { type: String(type), help, labels: [] }] as const);
  return [
    INTRODUCTION,
    table('Of each replica', Object.entries(OWN)),
    table('Of the process of a replica', ofProcess),
    table('Of agents, told by the replica that has their session', Object.entries(AGENTS)),
    table('Of the installation, read from the store', Object.entries(STORE)),
  ].join('\n');
}

type Described = Pick<Definition, 'help' | 'labels'> & { type: string };

function table(title: string, figures: readonly (readonly [string, Described])[]): string {
  const rows = figures.map(([name, { type, help, labels }]) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help.replaceAll('|', '\\|')} |`;
  });
  return `## ${title}\n\n| figure | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
