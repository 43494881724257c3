// What a replay must know beyond the recordings: the steps that were left out between them, the ones during which a
// task still runs, and the ones that the simulator does not claim.

/** A step that the recordings leave out. */
export interface LeftOut {
  identity: string;
  method: string;
  path: string;
  body?: string;
  /** The recording whose UPID this step gave. */
  upidOf?: number;
}

const CT = 'agent@pve!ct';
const ADMIN = 'admin@pve!full';
const lxc = (rest: string): string => `/nodes/pve1/lxc${rest}`;
const template = 'local%3Avztmpl%2Falpine-3.20-default_20240908_amd64.tar.zst';

/** Steps to take before the recording of that number. */
export const BEFORE: Readonly<Record<number, readonly LeftOut[]>> = {
  153: [
    {
      identity: CT,
      method: 'POST',
      path: lxc(''),
      body: `vmid=111&hostname=slow1&ostemplate=${template}&rootfs=local%3A0&unprivileged=1&bwlimit=100`,
      upidOf: 153,
    },
  ],
  201: [
    { identity: CT, method: 'POST', path: lxc('/105/status/shutdown'), body: 'timeout=1&forceStop=1', upidOf: 201 },
  ],
  204: [{ identity: CT, method: 'POST', path: lxc('/102/status/stop'), upidOf: 204 }],
  207: [{ identity: CT, method: 'POST', path: lxc('/999/status/start'), upidOf: 207 }],
  214: [{ identity: CT, method: 'POST', path: lxc('/106/status/start'), upidOf: 214 }],
  222: [{ identity: CT, method: 'PUT', path: lxc('/102/config'), body: 'memory=320&cores=1' }],
  276: [{ identity: CT, method: 'PUT', path: lxc('/103/resize'), body: 'disk=rootfs&size=%2B1G', upidOf: 276 }],
  288: [{ identity: ADMIN, method: 'POST', path: lxc('/102/snapshot'), body: 'snapname=s1', upidOf: 288 }],
  292: [{ identity: ADMIN, method: 'PUT', path: lxc('/104/snapshot/s1/config'), body: 'description=renamed' }],
  295: [{ identity: ADMIN, method: 'POST', path: lxc('/104/snapshot/s1/rollback'), upidOf: 295 }],
  301: [
    { identity: ADMIN, method: 'POST', path: lxc('/104/status/start') },
    { identity: ADMIN, method: 'DELETE', path: lxc('/104/snapshot/s1') },
  ],
  304: [{ identity: ADMIN, method: 'POST', path: '/pools', body: 'poolid=fleet&comment=of%20the%20manager' }],
  321: [
    { identity: ADMIN, method: 'POST', path: lxc('/101/clone'), body: 'newid=120&hostname=copy1&full=1', upidOf: 321 },
  ],
  327: [{ identity: ADMIN, method: 'POST', path: lxc('/103/template') }],
  464: [
    {
      identity: CT,
      method: 'PUT',
      path: lxc('/102/config'),
      body: 'description=gr%C3%B6%C3%9Fe%20%E2%9C%93%20%3Cb%3E',
    },
  ],
};

/** Before these the administrator cleared a lock on the host itself. */
export const UNLOCKED: Readonly<Record<number, number>> = { 268: 106 };

/** Recorded while a task ran: the replay does not wait for the tasks before them. */
export const WHILE_RUNNING: ReadonlySet<number> = new Set([77, 78, 153, 155, 156, 157, 159, 164, 165, 182]);

/** Sent together; the one whose answer comes first here is the one that won then. */
export const TOGETHER: readonly (readonly number[])[] = [
  [147, 148],
  [345, 344],
];

/** What is not claimed, and why. */
export const UNCLAIMED: Readonly<Record<number, string>> = {
  31: 'a single interface is no method of the reduced schema',
  248: 'artefact of the recorded node: no memory controller',
  387: 'consoles are not simulated',
  388: 'consoles are not simulated',
  389: 'consoles are not simulated',
  391: 'consoles are not simulated',
  392: 'consoles are not simulated',
  393: 'consoles are not simulated',
  395: 'consoles are not simulated',
  396: 'consoles are not simulated',
  397: 'consoles are not simulated',
};
