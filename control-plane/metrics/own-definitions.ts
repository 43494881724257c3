import { counter, type Definitions, durations, gauge, LONG, QUICK, WAITED_FOR } from './definition.ts';

/** What a replica counts itself, as things happen; begins anew with each start. */
export const OWN = {
  berth_build_info: gauge('Always 1; the version that runs here.', 'version'),
  berth_ready: gauge('Whether this replica is ready, as /readyz says: 1 or 0.'),
  berth_api_calls_total: counter('Calls of the API that have ended, streams included.', 'rpc', 'code', 'via'),
  berth_api_call_duration_seconds: durations('Time a call of the API took, streams left out.', WAITED_FOR, 'rpc'),
  berth_page_requests_total: counter('Requests that are no calls of the API.', 'method', 'route', 'status'),
  berth_page_request_duration_seconds: durations('Time until the answer of a page began.', WAITED_FOR, 'route'),
  berth_sign_ins_total: counter(
    'Steps of signing in on the pages and over the API: "accepted" or the reason of the refusal.',
    'step',
    'result',
  ),
  berth_feed_topics_total: counter('Topics of the change feed that were heard here.', 'kind'),
  berth_feed_behind_revisions: gauge(
    'By how many revisions the desired state kept here is behind the store; above 0 for longer means that the feed is lost.',
    'site',
  ),
  berth_config_propagation_seconds: durations(
    'Time from a commit until an agent holds it safely (accepted) and serves it (running).',
    WAITED_FOR,
    'phase',
  ),
  berth_config_apply_duration_seconds: durations('Time an agent says that an apply took.', WAITED_FOR, 'result'),
  berth_agent_sessions: gauge('Sessions of agents that are open at this replica.'),
  berth_agent_session_ends_total: counter('Sessions of agents that were ended from here.', 'code'),
  berth_commands_total: counter('Commands to agents that have ended.', 'outcome'),
  berth_command_duration_seconds: durations('Time from a command until its result was here.', LONG, 'outcome'),
  berth_operations_total: counter('Operations that ended here.', 'kind', 'state'),
  berth_operation_duration_seconds: durations('Time from the wish to the end of an operation.', LONG, 'kind'),
  berth_operations_held: gauge('Operations that this replica works on.'),
  berth_store_query_duration_seconds: durations('Time the database took for a statement.', QUICK, 'statement'),
  berth_store_errors_total: counter(
    'Statements that failed, those that were run again and those that a constraint refused included.',
    'statement',
  ),
  berth_store_pool_connections: gauge(
    'Connections of the pool to the database, and callers that wait for one.',
    'state',
  ),
  berth_ldap_connections: gauge('Open connections to the LDAP gateway in this process.'),
  berth_ldap_operations_total: counter('LDAP operations that were answered.', 'operation', 'result'),
  berth_ldap_operation_duration_seconds: durations('Time an LDAP operation took.', QUICK, 'operation'),
  berth_ldap_directory_entries: gauge('Entries of the directory that the LDAP gateway keeps in memory.'),
  berth_ldap_directory_catch_ups_total: counter('Times the directory in memory was brought up to the store.', 'result'),
  berth_acme_orders_total: counter('Orders of certificates that have ended.', 'result'),
  berth_mails_total: counter('Attempts to send mail.', 'result'),
} satisfies Definitions;
