import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EndedCall } from '../api/conclude-calls.ts';
import type { Visit } from '../visits.ts';
import { OWN } from './own-definitions.ts';

type Name = keyof typeof OWN;

/** The steps of signing in; their reasons of refusal are the verbs' own, so there are few. */
const SIGN_INS = new Set([
  'AuthService.SignIn',
  'AuthService.CompleteSignIn',
  'IdentityProvidersService.CompleteOidcSignIn',
]);

/**
 * The instruments of one replica: each part of the control plane tells them what happened and knows nothing of how it
 * is counted.
 */
export class Instruments {
  readonly #registry = new Registry();
  readonly #calls = this.#counter('berth_api_calls_total');
  readonly #callTimes = this.#histogram('berth_api_call_duration_seconds');
  readonly #visits = this.#counter('berth_page_requests_total');
  readonly #visitTimes = this.#histogram('berth_page_request_duration_seconds');
  readonly #signIns = this.#counter('berth_sign_ins_total');
  readonly #topics = this.#counter('berth_feed_topics_total');
  readonly #propagation = this.#histogram('berth_config_propagation_seconds');
  readonly #applies = this.#histogram('berth_config_apply_duration_seconds');
  readonly #sessionEnds = this.#counter('berth_agent_session_ends_total');
  readonly #commands = this.#counter('berth_commands_total');
  readonly #commandTimes = this.#histogram('berth_command_duration_seconds');
  readonly #operations = this.#counter('berth_operations_total');
  readonly #operationTimes = this.#histogram('berth_operation_duration_seconds');
  readonly #queries = this.#histogram('berth_store_query_duration_seconds');
  readonly #queryErrors = this.#counter('berth_store_errors_total');
  readonly #ldap = this.#counter('berth_ldap_operations_total');
  readonly #ldapTimes = this.#histogram('berth_ldap_operation_duration_seconds');
  readonly #catchUps = this.#counter('berth_ldap_directory_catch_ups_total');
  readonly #orders = this.#counter('berth_acme_orders_total');
  readonly #mails = this.#counter('berth_mails_total');

  readonly onCall = ({ rpc, code, via, seconds, stream, reason }: EndedCall): void => {
    this.#calls.inc({ rpc, code, via });
    if (!stream) this.#callTimes.observe({ rpc }, seconds);
    if (SIGN_INS.has(rpc)) this.#signIns.inc({ step: rpc, result: reason || (code === 'ok' ? 'accepted' : code) });
  };

  readonly onVisit = ({ route, method, status, seconds }: Visit): void => {
    this.#visits.inc({ method, route, status });
    this.#visitTimes.observe({ route }, seconds);
  };

  readonly onTopic = ({ kind }: { kind: string }): void => this.#topics.inc({ kind });

  readonly onQuery = ({
    statement,
    seconds,
    failed,
  }: {
    statement: string;
    seconds: number;
    failed: boolean;
  }): void => {
    this.#queries.observe({ statement }, seconds);
    if (failed) this.#queryErrors.inc({ statement });
  };

  readonly onPropagated = (phase: 'accepted' | 'running', seconds: number): void =>
    this.#propagation.observe({ phase }, seconds);

  readonly onApplied = (result: 'running' | 'rejected', seconds: number): void =>
    this.#applies.observe({ result }, seconds);

  readonly onSessionEnded = (code: string): void => this.#sessionEnds.inc({ code });

  readonly onCommand = (outcome: string, seconds: number): void => {
    this.#commands.inc({ outcome });
    this.#commandTimes.observe({ outcome }, seconds);
  };

  readonly onOperation = ({ kind, state, seconds }: { kind: string; state: string; seconds: number }): void => {
    this.#operations.inc({ kind, state });
    this.#operationTimes.observe({ kind }, seconds);
  };

  readonly onLdap = (operation: string, result: string, seconds: number): void => {
    this.#ldap.inc({ operation, result });
    this.#ldapTimes.observe({ operation }, seconds);
  };

  readonly onCatchUp = (result: 'done' | 'failed'): void => this.#catchUps.inc({ result });

  readonly onOrder = (result: string): void => this.#orders.inc({ result });

  readonly onMail = (result: string): void => this.#mails.inc({ result });

  /** Sets a value that is looked up when somebody asks. */
  set(name: Name, labels: Record<string, string>, value: number): void {
    this.#gauge(name).set(labels, value);
  }

  /** Forgets the values of one. */
  clear(name: Name): void {
    this.#gauge(name).reset();
  }

  /** As text in the Prometheus exposition format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauge(name: Name): Gauge {
    const known = this.#registry.getSingleMetric(name);
    return known instanceof Gauge ? known : new Gauge(this.#options(name));
  }

  #counter(name: Name): Counter {
    return new Counter(this.#options(name));
  }

  #histogram(name: Name): Histogram {
    const { buckets } = OWN[name] as { buckets?: readonly number[] };
    return new Histogram({ ...this.#options(name), buckets: [...(buckets ?? [])] });
  }

  #options(name: Name) {
    const { help, labels } = OWN[name];
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
