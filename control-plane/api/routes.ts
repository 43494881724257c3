/**
 * The API: one definition for gRPC, gRPC-Web and Connect. A handler takes a message, calls one verb and shapes its
 * answer; who may call is the policy's, what is right is the verbs', and how errors look is the interceptors'.
 */

import { AccessService } from '@berth/proto/api/v1/access_pb.js';
import { AccountService } from '@berth/proto/api/v1/account_pb.js';
import { AcmeAccountsService } from '@berth/proto/api/v1/acme_accounts_pb.js';
import { AgentsService } from '@berth/proto/api/v1/agents_pb.js';
import { AppSignInService } from '@berth/proto/api/v1/app_sign_in_pb.js';
import { AuditService } from '@berth/proto/api/v1/audit_pb.js';
import { AuthService } from '@berth/proto/api/v1/auth_pb.js';
import { ContainersService } from '@berth/proto/api/v1/containers_pb.js';
import { DnsProvidersService } from '@berth/proto/api/v1/dns_providers_pb.js';
import { DomainsService } from '@berth/proto/api/v1/domains_pb.js';
import { GroupsService } from '@berth/proto/api/v1/groups_pb.js';
import { GuestLoginsService } from '@berth/proto/api/v1/guest_logins_pb.js';
import { NodesService } from '@berth/proto/api/v1/nodes_pb.js';
import { IdentityProvidersService } from '@berth/proto/api/v1/oidc_pb.js';
import { OperationsService } from '@berth/proto/api/v1/operations_pb.js';
import { UsersService } from '@berth/proto/api/v1/people_pb.js';
import { SecurityService } from '@berth/proto/api/v1/security_pb.js';
import { ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { SettingsService } from '@berth/proto/api/v1/settings_pb.js';
import { SignUpService } from '@berth/proto/api/v1/sign_up_pb.js';
import { SitesService } from '@berth/proto/api/v1/sites_pb.js';
import { TokensService } from '@berth/proto/api/v1/tokens_pb.js';
import { Health } from '@berth/proto/grpc/health/v1/health_pb.js';
import type { ConnectRouter } from '@connectrpc/connect';
import type { ApiDeps } from './deps.ts';
import { accessHandlers } from './handlers-access.ts';
import { accountHandlers } from './handlers-account.ts';
import { acmeAccountHandlers } from './handlers-acme-accounts.ts';
import { agentHandlers } from './handlers-agents.ts';
import { appSignInHandlers } from './handlers-app-sign-in.ts';
import { auditHandlers } from './handlers-audit.ts';
import { authHandlers } from './handlers-auth.ts';
import { containerHandlers } from './handlers-containers.ts';
import { dnsProviderHandlers } from './handlers-dns-providers.ts';
import { domainHandlers } from './handlers-domains.ts';
import { groupHandlers } from './handlers-groups.ts';
import { guestLoginsHandlers } from './handlers-guest-logins.ts';
import { identityProviderHandlers } from './handlers-identity-providers.ts';
import { operationHandlers } from './handlers-operations.ts';
import { userHandlers } from './handlers-people.ts';
import { securityHandlers } from './handlers-security.ts';
import { serviceHandlers } from './handlers-services.ts';
import { settingsHandlers } from './handlers-settings.ts';
import { signUpHandlers } from './handlers-sign-up.ts';
import { nodeHandlers, siteHandlers } from './handlers-sites.ts';
import { tokenHandlers } from './handlers-tokens.ts';
import { registerHealth } from './health.ts';
import { registerReflection } from './reflection.ts';

export type { ApiDeps } from './deps.ts';

/** Every service of the API. */
export const apiServices = [
  AuthService,
  TokensService,
  UsersService,
  DnsProvidersService,
  GroupsService,
  AccountService,
  SecurityService,
  SitesService,
  NodesService,
  AgentsService,
  ServicesService,
  ContainersService,
  OperationsService,
  GuestLoginsService,
  IdentityProvidersService,
  SettingsService,
  AccessService,
  AuditService,
  SignUpService,
  AppSignInService,
  DomainsService,
  AcmeAccountsService,
] as const;

/** Puts the API on a router, with reflection and health. Pair it with `apiInterceptors`. */
export function registerApi(router: ConnectRouter, deps: ApiDeps): void {
  router.service(AuthService, authHandlers(deps));
  router.service(TokensService, tokenHandlers(deps));
  router.service(UsersService, userHandlers(deps));
  router.service(DnsProvidersService, dnsProviderHandlers(deps));
  router.service(GroupsService, groupHandlers(deps));
  router.service(AccountService, accountHandlers(deps));
  router.service(SecurityService, securityHandlers(deps));
  router.service(SitesService, siteHandlers(deps));
  router.service(NodesService, nodeHandlers(deps));
  router.service(AgentsService, agentHandlers(deps));
  router.service(ServicesService, serviceHandlers(deps));
  router.service(ContainersService, containerHandlers(deps));
  router.service(OperationsService, operationHandlers(deps));
  router.service(GuestLoginsService, guestLoginsHandlers(deps));
  router.service(IdentityProvidersService, identityProviderHandlers(deps));
  router.service(SettingsService, settingsHandlers(deps));
  router.service(AccessService, accessHandlers(deps));
  router.service(AuditService, auditHandlers(deps));
  router.service(SignUpService, signUpHandlers(deps));
  router.service(AppSignInService, appSignInHandlers(deps));
  router.service(DomainsService, domainHandlers(deps));
  router.service(AcmeAccountsService, acmeAccountHandlers(deps));
  registerReflection(router, [...apiServices, Health]);
  registerHealth(router, apiServices, deps.ready);
}
