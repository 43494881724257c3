import type { Clock } from '@berth/proto/contract/clock.ts';
import { seconds } from './clock.ts';
import type { Guests, GuestVolume } from './guests.ts';
import { failure, invalidParams } from './pve-error.ts';
import type { State } from './state.ts';

export type StorageType = 'dir' | 'btrfs' | 'lvmthin';

export interface StorageOptions {
  id: string;
  type: StorageType;
  /** Kinds of content: vztmpl, rootdir, images, iso, backup. */
  content: readonly string[];
  disabled?: boolean;
  /** Bytes; 256 GiB when not given. */
  total?: number;
}

/** What an OCI image says of its containers. */
export interface OciImage {
  env: string;
  entrypoint: string;
  workdir: string;
}

/** A file in a storage. The last three steer how a create from it goes. */
export interface ContentItem {
  volid: string;
  content: string;
  format: string;
  size: number;
  /** Seconds since the epoch. */
  ctime: number;
  oci?: OciImage;
  /** A warning that every create from this template logs. */
  warning?: string;
  /** What unpacking prints before it fails. */
  broken?: readonly string[];
}

const FORMATS: readonly [string, string][] = [
  ['.tar.zst', 'tzst'],
  ['.tar.gz', 'tgz'],
  ['.tar.xz', 'txz'],
  ['.tar', 'tar'],
  ['.iso', 'iso'],
];
const DEFAULT_TOTAL = 256 * 1024 ** 3;

/** The format PVE reports for a file name, undefined for an extension it does not take. */
export function formatOfFile(name: string): string | undefined {
  return FORMATS.find(([extension]) => name.endsWith(extension))?.[1];
}

/** The storages of the cluster (the same on every node) and the files in them. */
export class Storages {
  readonly #options: Map<string, StorageOptions>;
  readonly #items = new Map<string, ContentItem>();
  readonly #state: State;
  readonly #guests: Guests;
  readonly #clock: Clock;

  constructor(
    storages: readonly StorageOptions[],
    items: readonly ContentItem[],
    kept: { state: State; guests: Guests; clock: Clock },
  ) {
    this.#options = new Map(storages.map((storage) => [storage.id, storage]));
    this.#state = kept.state;
    this.#guests = kept.guests;
    this.#clock = kept.clock;
    for (const item of items) this.#items.set(item.volid, item);
    for (const item of kept.state.all('content') as ContentItem[]) this.#items.set(item.volid, item);
  }

  all(): StorageOptions[] {
    return [...this.#options.values()];
  }

  find(id: string): StorageOptions | undefined {
    return this.#options.get(id);
  }

  /** The storage, or the 500 of a node that has none of that name. */
  must(id: string): StorageOptions {
    const storage = this.#options.get(id);
    if (!storage) throw failure(`storage '${id}' does not exist`);
    return storage;
  }

  file(volid: string): ContentItem | undefined {
    return this.#items.get(volid);
  }

  /** Adds or replaces a file. */
  add(item: ContentItem): void {
    this.#items.set(item.volid, item);
    this.#state.put('content', item.volid, item);
  }

  remove(volid: string): void {
    this.#items.delete(volid);
    this.#state.remove('content', volid);
  }

  files(storage: string): ContentItem[] {
    return [...this.#items.values()].filter((item) => item.volid.startsWith(`${storage}:`));
  }

  /** Disk volumes of containers in a storage, with their owners. */
  volumes(storage: string): (GuestVolume & { vmid: number })[] {
    const owned = this.#guests.all().flatMap((guest) => guest.volumes.map((v) => ({ ...v, vmid: guest.vmid })));
    return owned.filter((volume) => volume.storage === storage);
  }

  /** How full a storage is, in PVE's terms. */
  usage(storage: StorageOptions): { total: number; used: number; avail: number; active: number; enabled: number } {
    const total = storage.disabled ? 0 : (storage.total ?? DEFAULT_TOTAL);
    const files = this.files(storage.id).reduce((sum, item) => sum + item.size, 0);
    const disks = this.volumes(storage.id).reduce((sum, volume) => sum + volume.sizeBytes, 0);
    const used = storage.disabled ? 0 : files + (storage.type === 'lvmthin' ? Math.floor(disks / 10) : 0);
    const on = storage.disabled ? 0 : 1;
    return { total, used, avail: Math.max(0, total - used), active: on, enabled: on };
  }

  /** A new disk for a container, named as the storage's plugin names it; size 0 is a plain directory. */
  allocate(storageId: string, vmid: number, sizeBytes: number, taken: readonly GuestVolume[]): GuestVolume {
    const storage = this.must(storageId);
    const raw = storage.type === 'lvmthin' || (storage.type === 'dir' && sizeBytes > 0);
    const folder = storage.type === 'lvmthin' ? '' : `${vmid}/`;
    const extension = storage.type === 'lvmthin' ? '' : raw ? '.raw' : '.subvol';
    for (let n = 0; ; n++) {
      const volid = `${storageId}:${folder}${raw ? 'vm' : 'subvol'}-${vmid}-disk-${n}${extension}`;
      if (taken.some((volume) => volume.volid === volid)) continue;
      return { volid, storage: storageId, format: raw ? 'raw' : 'subvol', sizeBytes, ctime: seconds(this.#clock) };
    }
  }

  /** The storage for a status call: an unknown one is a refused parameter there, not a 500. */
  forStatus(id: string): StorageOptions {
    const storage = this.#options.get(id);
    if (!storage) throw invalidParams({ storage: 'No such storage.' });
    return storage;
  }
}

/** Where a template file lies on the node's disk, as task logs print it. */
export function pathOf(volid: string): string {
  return `/var/lib/vz/template/cache/${volid.split('/').at(-1) ?? ''}`;
}
