/** Where things are on a host with the package `berth`. */
export interface HostPaths {
  /** What the services read; the control plane runs where it is. */
  envFile: string;
  /** The authority's certificate, for everybody on the host to read. */
  caFile: string;
  stateDir: string;
  /** Where systemd looks for credentials, and for those that are encrypted. */
  credentials: string;
  encryptedCredentials: string;
}

/** As the package and its units have it. */
export const HOST: HostPaths = {
  envFile: '/etc/berth/berth.env',
  caFile: '/etc/berth/ca.pem',
  stateDir: '/var/lib/berth',
  credentials: '/etc/credstore',
  encryptedCredentials: '/etc/credstore.encrypted',
};
