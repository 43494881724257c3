/**
 * Records in the DNS, behind one small interface: what ACME needs for DNS-01, and what keeps public names of services.
 * A provider says what was refused in its server's own words, as an `AppError` whose code tells whether trying again
 * may help: "unavailable" and "deadline_exceeded" may, "failed_precondition" wants somebody to act.
 */
import type { Clock } from '@berth/proto/contract/clock.ts';
import type { Random } from '@berth/proto/contract/random.ts';
import type { Store } from '../store/store.ts';

/** How names are looked up. */
export interface DnsPort {
  /** Recursive servers, ADDRESS or ADDRESS:PORT ([ADDRESS]:PORT for IPv6), that are asked; empty: the system's own. */
  resolvers: readonly string[];
  /** Whether domains may lead to addresses that the world cannot reach: private ones, loopback, this machine's own. */
  closedNetwork: boolean;
  /** Where the file that proves a domain is looked for; absent: 80. */
  httpPort?: number;
}

/** What DNS work is done with; `AppDeps` has it all. */
export interface DnsDeps {
  store: Store;
  clock: Clock;
  random: Random;
  dns: DnsPort;
}

/** A provider's own handle on a record, JSON; what it needs to take the record away. */
export type RecordHandle = string;

/** A TXT record with one value of at most 255 printable ASCII characters. */
export interface TxtRecord {
  /** Without a dot at the end. */
  fqdn: string;
  value: string;
  ttlSeconds: number;
}

/** The kinds of records that lead to where services are. */
export type AddressType = 'A' | 'AAAA' | 'CNAME';

/** A record that leads to where services are. */
export interface AddressRecord {
  /** Without a dot at the end. */
  fqdn: string;
  type: AddressType;
  /** An address, or a name without a dot at the end. */
  value: string;
  ttlSeconds: number;
}

/** A record that a name has. */
export interface FoundRecord {
  /** e.g. "A", "MX"; "TYPE257" where it has no name here. */
  type: string;
  value: string;
  /** Whether this installation made it. */
  ours: boolean;
}

/** Where records are kept. */
export interface DnsProvider {
  /**
   * Puts a TXT record beside whatever is there; repeating it is harmless.
   * @throws AppError with the provider's own words
   */
  addTxt(record: TxtRecord, signal: AbortSignal): Promise<RecordHandle>;
  /** Takes exactly that record away; one that is gone is fine. @throws AppError with the provider's own words */
  removeTxt(record: TxtRecord, handle: RecordHandle, signal: AbortSignal): Promise<void>;
  /** Absent where the provider is for challenges only. */
  addresses?: {
    /** Whatever the name has, of ours or not. */
    find(fqdn: string, signal: AbortSignal): Promise<FoundRecord[]>;
    /**
     * Makes a record, or gives one of ours its new value. What others made is never touched.
     * @throws AppError "foreign_record" while the name has records of others that stand in the way
     */
    put(record: AddressRecord, signal: AbortSignal): Promise<RecordHandle>;
    /** Takes exactly that record away; one that is gone, or is not ours any more, is fine. */
    remove(record: AddressRecord, handle: RecordHandle, signal: AbortSignal): Promise<void>;
  };
}
