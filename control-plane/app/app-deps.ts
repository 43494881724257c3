import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { RelyingParty } from '../auth/oidc/relying-party.ts';
import type { PasskeyParty } from '../auth/passkeys.ts';
import type { Turnstile } from '../auth/turnstile.ts';
import type { DnsPort } from '../dns/dns-provider.ts';
import type { DomainVerdict, ProofOfDomain } from '../dns/prove-domain.ts';
import type { SendMail } from '../mail/smtp.ts';
import type { Store } from '../store/store.ts';

/** What the verbs need of the fleet. */
export interface FleetPort {
  /** Sends the current generation again to an agent, wherever it is connected. */
  retry(agentId: string): void | Promise<void>;
}

/** What the verbs need to know to tell a host how to join. */
export interface EnrolmentPort {
  /** SHA-256 of the authority's certificate, lower-case hex. */
  caSha256(): string;
  /** Base URL of the listener that takes enrolments. */
  url: string;
}

/** What guests are told about logins. */
export interface LoginsPort {
  /** Base URL of the control plane as guests reach it. */
  url: string;
  /** Certificates of the authority of control plane and LDAP gateways. */
  caPem: string;
  /** Addresses of the LDAP gateways, e.g. "ldaps://berth.example:636". */
  ldapUris: readonly string[];
  /** e.g. "dc=berth". */
  baseDn: string;
}

/** Looks whether a domain shows its token. */
export type ProveDomain = (proof: ProofOfDomain, signal: AbortSignal) => Promise<DomainVerdict>;

/** Everything the verbs work with. */
export interface AppDeps {
  store: Store;
  clock: Clock;
  random: Random;
  fleet: FleetPort;
  enrolment: EnrolmentPort;
  /** Speaks with identity providers. */
  identityProviders: RelyingParty;
  /** Base URL of the pages, for links in mails. */
  publicUrl: string;
  /** How names of domains are looked up. */
  dns: DnsPort;
  /** Port under which browsers reach apps over HTTPS. */
  appsPort: number;
  /** Looks in the DNS, and at the domain itself, for what proves it. */
  proveDomain: ProveDomain;
  /** Sends a mail at once, past the outbox. */
  sendMail: SendMail;
  /** Absent where no directory is offered to guests. */
  logins?: LoginsPort | undefined;
  /** Where whatever hashes passwords waits its turn. */
  turnstile: Turnstile;
  /** Absent where passkeys cannot be used, as the pages are reached by an address. */
  passkeyParty?: PasskeyParty | undefined;
  /** Lowest VMID Berth takes, at least 100. */
  firstVmid: number;
}
