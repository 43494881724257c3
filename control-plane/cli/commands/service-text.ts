import { type HttpOptions, type Service, SignInRequirement, TlsMode } from '@berth/proto/api/v1/services_pb.js';
import { timeText } from '../time.ts';

type Line = [label: string, value: string | number | bigint];

const WHO: Record<SignInRequirement, string> = {
  [SignInRequirement.UNSPECIFIED]: '',
  [SignInRequirement.MEMBERS]: 'members of the container',
  [SignInRequirement.GROUPS]: 'members of the container and of',
  [SignInRequirement.ANYBODY]: 'anybody with an account',
  [SignInRequirement.OAUTH2_PROXY]: "whom the domain's oauth2-proxy lets in",
};

/** A service, line by line; what is as usual is left out. */
export function serviceLines(service: Service): Line[] {
  return [
    ['Service', service.id],
    ['URL', service.url],
    ['Port', service.internalPort],
    ...exposureLines(service),
    ...stateLines(service),
  ];
}

/** Whether it works: backend, certificates, conditions. */
export function stateLines(service: Service): Line[] {
  return [
    ...service.health.map((h): Line => ['Backend', `${h.healthy ? 'answers' : h.error} (seen by ${h.agent})`]),
    ...service.certificates.map(
      (c): Line => [
        'Certificate',
        `${c.host}: ${c.selfSigned ? 'self-signed' : `by ${c.issuer}`}, until ${timeText(c.notAfter)}${c.problem ? `; ${c.problem}` : ''}`,
      ],
    ),
    ...service.conditions.map((c): Line => [c.kind, c.message]),
  ];
}

function exposureLines({ exposure }: Service): Line[] {
  if (exposure.case === undefined) return [];
  if (exposure.case === 'udp') return accessLines(exposure.value);
  if (exposure.case === 'tcp') {
    const { tls, proxyProtocol } = exposure.value;
    const mode = tls === TlsMode.TERMINATE ? 'ends at the ingress' : 'passes through to the container';
    return given([
      ['TLS', tls === TlsMode.UNSPECIFIED ? '' : mode],
      ['PROXY protocol', proxyProtocol ? 'sent' : ''],
      ...accessLines(exposure.value),
    ]);
  }
  const { otherHosts, backendTls, options } = exposure.value;
  return given([
    ['Also', otherHosts.join(', ')],
    ['Backend speaks', backendTls ? 'TLS' : ''],
    ...(options ? optionLines(options) : []),
  ]);
}

function optionLines(options: HttpOptions): Line[] {
  const rule = ({ name, value }: { name: string; value: string }) =>
    value === '' ? `${name} removed` : `${name}: ${value}`;
  return [
    ['Plain HTTP', options.plainHttp ? 'served, too' : ''],
    ['Largest body', options.maxBodyBytes === 0n ? '' : `${options.maxBodyBytes} bytes`],
    ['Time-out', options.timeoutSeconds === 0 ? '' : `${options.timeoutSeconds} s`],
    ['Gzip', options.gzip ? 'yes' : ''],
    ['Path', options.stripPath ? 'taken off' : ''],
    ...options.requestHeaders.map((header): Line => ['Request header', rule(header)]),
    ...options.responseHeaders.map((header): Line => ['Header', rule(header)]),
    ...accessLines(options),
    ['Rate', options.requestsPerSecond === 0 ? '' : `${options.requestsPerSecond}/s, ${options.burst} more at once`],
    ['Connections', options.connections === 0 ? '' : options.connections],
    ['Basic auth', options.basicAuth.map(({ name }) => name).join(', ')],
    ['Maintenance', options.maintenance ? options.maintenanceText || 'yes' : ''],
    ['Health', options.healthPath && `GET ${options.healthPath}`],
    ['Sign-in', signInText(options)],
    ['Open paths', options.signIn?.openPaths.join(', ') ?? ''],
  ];
}

function signInText({ signIn }: HttpOptions): string {
  if (!signIn) return '';
  return [WHO[signIn.require], signIn.groups.join(', ')].filter(Boolean).join(' ');
}

function accessLines({ allow, deny }: { allow: string[]; deny: string[] }): Line[] {
  return given([
    ['Allowed', allow.join(', ')],
    ['Denied', deny.join(', ')],
  ]);
}

function given(lines: Line[]): Line[] {
  return lines.filter(([, value]) => value !== '');
}
