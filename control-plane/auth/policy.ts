/**
 * Who may call what, in one table. "anyone" needs no session, "signed-in" any session, "owner" the owner of the
 * container the call is about (or an administrator), "administrator" an administrator. Lists that are "signed-in" are
 * narrowed by their verbs to what the caller may see, and what a caller may not see does not exist for him.
 */
export type Rule = 'anyone' | 'signed-in' | 'owner' | 'administrator';

/** The rule of every RPC of berth.api.v1, by service and method. */
export const policy = {
  'AuthService.GetSetupState': 'anyone',
  'AuthService.CreateFirstAdministrator': 'anyone',
  'AuthService.SignIn': 'anyone',
  'AuthService.SignOut': 'signed-in',
  'AuthService.WhoAmI': 'signed-in',

  'SitesService.CreateSite': 'administrator',
  'SitesService.GetSite': 'signed-in',
  'SitesService.ListSites': 'signed-in',
  'SitesService.UpdateSite': 'administrator',
  'SitesService.DeleteSite': 'administrator',

  'NodesService.CreateNode': 'administrator',
  'NodesService.GetNode': 'signed-in',
  'NodesService.ListNodes': 'signed-in',
  'NodesService.UpdateNode': 'administrator',
  'NodesService.DeleteNode': 'administrator',

  'AgentsService.CreateJoinToken': 'administrator',
  'AgentsService.GetAgent': 'administrator',
  'AgentsService.ListAgents': 'administrator',
  'AgentsService.UpdateAgent': 'administrator',
  'AgentsService.DeleteAgent': 'administrator',
  'AgentsService.RetryAgent': 'administrator',
  'AgentsService.WatchAgents': 'administrator',

  'ServicesService.CreateService': 'owner',
  'ServicesService.GetService': 'owner',
  'ServicesService.ListServices': 'owner',
  'ServicesService.UpdateService': 'owner',
  'ServicesService.DeleteService': 'owner',

  'ContainersService.CreateContainer': 'signed-in',
  'ContainersService.GetContainer': 'owner',
  'ContainersService.ListContainers': 'signed-in',
  'ContainersService.UpdateContainer': 'owner',
  'ContainersService.DeleteContainer': 'owner',
  'ContainersService.StartContainer': 'owner',
  'ContainersService.StopContainer': 'owner',
  'ContainersService.WatchContainer': 'owner',

  'OperationsService.GetOperation': 'owner',
  'OperationsService.ListOperations': 'signed-in',
  'OperationsService.WatchOperation': 'owner',
} as const satisfies Record<string, Rule>;

/** An RPC of the API, e.g. "SitesService.CreateSite". */
export type Rpc = keyof typeof policy;
