import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import type { SignInWays } from '../desired/site-rows.ts';

/**
 * A name that every server certificate of the installation's own authority has. nginx compares names alone, no
 * addresses (X509_check_host), and the control plane may well be reached by its address.
 */
export const CONTROL_PLANE_NAME = 'control-plane.berth.internal';

/** How nginx hosts and browsers reach the control plane. @throws when the file with the authorities cannot be read */
export function signInWays(
  { ingressUrl, ingressCaFile, publicUrl }: Pick<Config, 'ingressUrl' | 'ingressCaFile' | 'publicUrl'>,
  { bundlePem }: { bundlePem: string },
): SignInWays {
  const foreign = ingressCaFile !== undefined;
  return {
    controlPlaneUrl: ingressUrl,
    controlPlaneName: foreign ? new URL(ingressUrl).hostname : CONTROL_PLANE_NAME,
    controlPlaneCaPem: foreign ? readFileSync(ingressCaFile, 'utf8') : bundlePem,
    publicUrl,
  };
}
