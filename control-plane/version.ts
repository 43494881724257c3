import manifest from './package.json' with { type: 'json' };

/** Version of the control plane and of the berth command. */
export const VERSION: string = manifest.version;
