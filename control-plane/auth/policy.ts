/**
 * Who may call what, in one table.
 *
 * Who: "anyone" needs no session, "signed-in" any. A container role ("viewer", "user", "maintainer", "owner", each with
 * the rights of those before it) is the least role in the container the call is about; administrators of its site and
 * administrators of Berth count as owners. "site-administrator" administers the site the call is about, "domain-owner"
 * owns the domain the call is about or administers its site, "administrator" administers all of Berth. Lists that are "signed-in" are narrowed by their verbs to what the caller may see, and what a caller
 * may not see does not exist for him.
 *
 * Scope: the least scope with which an API token may call it ("metrics" suffices for no RPC, see METRICS_RULE); "session" takes no token at all, as what guards an
 * account itself wants the person.
 */
export type Who = 'anyone' | 'signed-in' | ContainerRole | 'site-administrator' | 'domain-owner' | 'administrator';
/** Roles in a container, from the least to the greatest. */
export const CONTAINER_ROLES = ['viewer', 'user', 'maintainer', 'owner'] as const;
export type ContainerRole = (typeof CONTAINER_ROLES)[number];
/** Scopes of API tokens, from the least to the greatest, each with the rights of those before it. */
const TOKEN_SCOPES = ['metrics', 'read', 'containers', 'admin'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** One row of the table. */
export interface Rule {
  who: Who;
  scope: TokenScope | 'session';
}

const rule = (who: Who, scope: Rule['scope']): Rule => ({ who, scope });

/** The rule of every RPC of berth.api.v1, by service and method. */
export const policy = {
  'AuthService.GetSetupState': rule('anyone', 'read'),
  'AuthService.CreateFirstAdministrator': rule('anyone', 'session'),
  'AuthService.SignIn': rule('anyone', 'session'),
  'AuthService.CompleteSignIn': rule('anyone', 'session'),
  'AuthService.SignOut': rule('signed-in', 'session'),
  'AuthService.WhoAmI': rule('signed-in', 'read'),
  'TokensService.CreateApiToken': rule('signed-in', 'session'),
  'TokensService.ListApiTokens': rule('signed-in', 'session'),
  'TokensService.DeleteApiToken': rule('signed-in', 'session'),
  'UsersService.CreateUser': rule('administrator', 'admin'),
  'UsersService.GetUser': rule('administrator', 'read'),
  'UsersService.ListUsers': rule('administrator', 'read'),
  'UsersService.UpdateUser': rule('administrator', 'admin'),
  'UsersService.SetUserPassword': rule('administrator', 'session'),
  'UsersService.CreatePasswordResetLink': rule('administrator', 'session'),
  'UsersService.DeleteUser': rule('administrator', 'admin'),
  'UsersService.LookupPeople': rule('signed-in', 'read'),
  'GroupsService.CreateGroup': rule('administrator', 'admin'),
  'GroupsService.GetGroup': rule('administrator', 'read'),
  'GroupsService.ListGroups': rule('administrator', 'read'),
  'GroupsService.UpdateGroup': rule('administrator', 'admin'),
  'GroupsService.DeleteGroup': rule('administrator', 'admin'),
  'GroupsService.ListGroupMembers': rule('administrator', 'read'),
  'GroupsService.AddGroupMember': rule('administrator', 'admin'),
  'GroupsService.RemoveGroupMember': rule('administrator', 'admin'),
  'AccountService.GetProfile': rule('signed-in', 'read'),
  'AccountService.UpdateProfile': rule('signed-in', 'session'),
  'AccountService.ChangePassword': rule('signed-in', 'session'),
  'AccountService.SendEmailVerification': rule('signed-in', 'session'),
  'AccountService.ListSshKeys': rule('signed-in', 'read'),
  'AccountService.AddSshKey': rule('signed-in', 'session'),
  'AccountService.DeleteSshKey': rule('signed-in', 'session'),
  'SecurityService.GetOwnSecurity': rule('signed-in', 'session'),
  'SecurityService.Reauthenticate': rule('signed-in', 'session'),
  'SecurityService.BeginPasskeyProof': rule('signed-in', 'session'),
  'SecurityService.ListOwnSessions': rule('signed-in', 'session'),
  'SecurityService.EndOwnSession': rule('signed-in', 'session'),
  'SecurityService.EndOtherSessions': rule('signed-in', 'session'),
  'SecurityService.BeginTotp': rule('signed-in', 'session'),
  'SecurityService.ConfirmTotp': rule('signed-in', 'session'),
  'SecurityService.RemoveTotp': rule('signed-in', 'session'),
  'SecurityService.SetLoginTotp': rule('signed-in', 'session'),
  'SecurityService.BeginPasskey': rule('signed-in', 'session'),
  'SecurityService.AddPasskey': rule('signed-in', 'session'),
  'SecurityService.RenamePasskey': rule('signed-in', 'session'),
  'SecurityService.RemovePasskey': rule('signed-in', 'session'),
  'SecurityService.CreateRecoveryCodes': rule('signed-in', 'session'),
  'SecurityService.GetUserSecurity': rule('administrator', 'admin'),
  'SecurityService.EndUserSessions': rule('administrator', 'admin'),
  'SecurityService.ResetSecondFactors': rule('administrator', 'session'),
  'SitesService.CreateSite': rule('administrator', 'admin'),
  'SitesService.GetSite': rule('signed-in', 'read'),
  'SitesService.ListSites': rule('signed-in', 'read'),
  'SitesService.UpdateSite': rule('site-administrator', 'admin'),
  'SitesService.DeleteSite': rule('administrator', 'admin'),
  'NodesService.CreateNode': rule('site-administrator', 'admin'),
  'NodesService.GetNode': rule('signed-in', 'read'),
  'NodesService.ListNodes': rule('signed-in', 'read'),
  'NodesService.UpdateNode': rule('site-administrator', 'admin'),
  'NodesService.DeleteNode': rule('site-administrator', 'admin'),
  'AgentsService.CreateJoinToken': rule('site-administrator', 'admin'),
  'AgentsService.GetAgent': rule('site-administrator', 'read'),
  'AgentsService.ListAgents': rule('site-administrator', 'read'),
  'AgentsService.UpdateAgent': rule('site-administrator', 'admin'),
  'AgentsService.DeleteAgent': rule('site-administrator', 'admin'),
  'AgentsService.RetryAgent': rule('site-administrator', 'admin'),
  'AgentsService.ConfirmRestore': rule('site-administrator', 'admin'),
  'AgentsService.WatchAgents': rule('site-administrator', 'read'),
  'ServicesService.CreateService': rule('maintainer', 'containers'),
  'ServicesService.GetService': rule('viewer', 'read'),
  'ServicesService.ListServices': rule('viewer', 'read'),
  'ServicesService.UpdateService': rule('maintainer', 'containers'),
  'ServicesService.DeleteService': rule('maintainer', 'containers'),
  'DomainsService.CreateDomain': rule('signed-in', 'admin'),
  'DomainsService.GetDomain': rule('signed-in', 'read'),
  'DomainsService.ListDomains': rule('signed-in', 'read'),
  'DomainsService.UpdateDomain': rule('domain-owner', 'admin'),
  'DomainsService.DeleteDomain': rule('domain-owner', 'admin'),
  'DomainsService.VerifyDomain': rule('domain-owner', 'admin'),
  'DomainsService.GrantDomain': rule('domain-owner', 'admin'),
  'DomainsService.WithdrawDomain': rule('domain-owner', 'admin'),
  'DomainsService.ListCertificates': rule('domain-owner', 'read'),
  'DomainsService.RenewCertificate': rule('domain-owner', 'admin'),
  'DomainsService.RevokeCertificate': rule('domain-owner', 'admin'),
  'DomainsService.UploadCertificate': rule('domain-owner', 'admin'),
  'DomainsService.WatchDomain': rule('domain-owner', 'read'),
  'AcmeAccountsService.CreateAcmeAccount': rule('administrator', 'admin'),
  'AcmeAccountsService.GetAcmeAccount': rule('signed-in', 'read'),
  'AcmeAccountsService.ListAcmeAccounts': rule('signed-in', 'read'),
  'AcmeAccountsService.UpdateAcmeAccount': rule('administrator', 'admin'),
  'AcmeAccountsService.DeleteAcmeAccount': rule('administrator', 'admin'),
  'ContainersService.CreateContainer': rule('signed-in', 'containers'),
  'ContainersService.GetContainer': rule('viewer', 'read'),
  'ContainersService.ListContainers': rule('signed-in', 'read'),
  'ContainersService.UpdateContainer': rule('maintainer', 'containers'),
  'ContainersService.DeleteContainer': rule('owner', 'containers'),
  'ContainersService.StartContainer': rule('maintainer', 'containers'),
  'ContainersService.StopContainer': rule('maintainer', 'containers'),
  'ContainersService.WatchContainer': rule('viewer', 'read'),
  'AccessService.ListMembers': rule('viewer', 'read'),
  'AccessService.WatchMembers': rule('viewer', 'read'),
  'AccessService.SetMember': rule('owner', 'containers'),
  'AccessService.RemoveMember': rule('owner', 'containers'),
  'AccessService.LeaveContainer': rule('viewer', 'containers'),
  'AccessService.TransferOwnership': rule('owner', 'containers'),
  'AccessService.RequestAccess': rule('signed-in', 'session'),
  'AccessService.ListAccessRequests': rule('signed-in', 'read'),
  'AccessService.DecideAccessRequest': rule('owner', 'containers'),
  'AccessService.WithdrawAccessRequest': rule('signed-in', 'session'),
  'AccessService.ListSiteAdministrators': rule('site-administrator', 'read'),
  'AccessService.AddSiteAdministrator': rule('administrator', 'admin'),
  'AccessService.RemoveSiteAdministrator': rule('administrator', 'admin'),
  'AuditService.ListAuditEntries': rule('signed-in', 'read'),
  'AuditService.ExportAudit': rule('signed-in', 'read'),
  'AppSignInService.BeginAppSignIn': rule('signed-in', 'session'),
  'AppSignInService.ListOwnAppSignIns': rule('signed-in', 'session'),
  'GuestLoginsService.GetGuestLogins': rule('viewer', 'read'),
  'GuestLoginsService.CreateSetupCommand': rule('maintainer', 'containers'),
  'GuestLoginsService.RotateBindSecret': rule('owner', 'containers'),
  'IdentityProvidersService.CreateProvider': rule('administrator', 'admin'),
  'IdentityProvidersService.GetProvider': rule('administrator', 'read'),
  'IdentityProvidersService.ListProviders': rule('administrator', 'read'),
  'IdentityProvidersService.UpdateProvider': rule('administrator', 'admin'),
  'IdentityProvidersService.DeleteProvider': rule('administrator', 'admin'),
  'IdentityProvidersService.TestProvider': rule('administrator', 'admin'),
  'DnsProvidersService.CreateDnsProvider': rule('administrator', 'admin'),
  'DnsProvidersService.GetDnsProvider': rule('administrator', 'read'),
  'DnsProvidersService.ListDnsProviders': rule('administrator', 'read'),
  'DnsProvidersService.UpdateDnsProvider': rule('administrator', 'admin'),
  'DnsProvidersService.DeleteDnsProvider': rule('administrator', 'admin'),
  'DnsProvidersService.TestDnsProvider': rule('administrator', 'admin'),
  'DnsProvidersService.ListDnsRecords': rule('site-administrator', 'read'),
  'IdentityProvidersService.ListOwnIdentities': rule('signed-in', 'session'),
  'IdentityProvidersService.BeginLink': rule('signed-in', 'session'),
  'IdentityProvidersService.UnlinkIdentity': rule('signed-in', 'session'),
  'IdentityProvidersService.ListSignInProviders': rule('anyone', 'read'),
  'IdentityProvidersService.BeginOidcSignIn': rule('anyone', 'session'),
  'IdentityProvidersService.CompleteOidcSignIn': rule('anyone', 'session'),
  'OperationsService.GetOperation': rule('viewer', 'read'),
  'OperationsService.ListOperations': rule('signed-in', 'read'),
  'OperationsService.WatchOperation': rule('viewer', 'read'),
  'SettingsService.GetPublicSettings': rule('anyone', 'read'),
  'SettingsService.GetSettings': rule('administrator', 'read'),
  'SettingsService.UpdateSettings': rule('administrator', 'admin'),
  'SettingsService.SendTestMail': rule('administrator', 'admin'),
  'SettingsService.SendMailToAll': rule('administrator', 'admin'),
  'SignUpService.Register': rule('anyone', 'session'),
  'SignUpService.VerifyEmail': rule('anyone', 'session'),
  'SignUpService.InspectLink': rule('anyone', 'session'),
  'SignUpService.RequestPasswordReset': rule('anyone', 'session'),
  'SignUpService.ResetPassword': rule('anyone', 'session'),
  'SignUpService.InviteUser': rule('administrator', 'admin'),
  'SignUpService.ListInvitations': rule('administrator', 'read'),
  'SignUpService.ResendInvitation': rule('administrator', 'admin'),
  'SignUpService.DeleteInvitation': rule('administrator', 'admin'),
  'SignUpService.AcceptInvitation': rule('anyone', 'session'),
} as const satisfies Record<string, Rule>;

/** The rule of what is no RPC: figures at /metrics, and what /readyz tells besides its yes or no. */
export const METRICS_RULE = rule('administrator', 'metrics');

/** An RPC of the API, e.g. "SitesService.CreateSite". */
export type Rpc = keyof typeof policy;

/** Whether a role in a container has the rights of another. */
export function roleIncludes(role: ContainerRole, wanted: ContainerRole): boolean {
  return CONTAINER_ROLES.indexOf(role) >= CONTAINER_ROLES.indexOf(wanted);
}

/** Whether a token's scope suffices for a rule's. */
export function scopeIncludes(scope: TokenScope, wanted: Rule['scope']): boolean {
  return wanted !== 'session' && TOKEN_SCOPES.indexOf(scope) >= TOKEN_SCOPES.indexOf(wanted);
}

/** The greater of two roles. */
export function greaterRole(one: ContainerRole | undefined, other: ContainerRole): ContainerRole {
  return one !== undefined && roleIncludes(one, other) ? one : other;
}
