import type { Store } from '../store/store.ts';
import { siteReader } from './site-reader.ts';
import type { SignInWays } from './site-rows.ts';
import { SiteView } from './site-view.ts';

const NO_WAYS: SignInWays = { controlPlaneUrl: '', controlPlaneName: '', controlPlaneCaPem: '', publicUrl: '' };

/** Opens a site's view and reads the whole site once. @throws AppError "site_not_found" */
export async function openSiteView(store: Store, siteId: string, signIn = NO_WAYS): Promise<SiteView> {
  const view = new SiteView(siteReader(store, siteId, signIn));
  await view.refresh();
  return view;
}

/** The views of a process, one a site, so that all its sessions share one memory and one set of generations. */
export interface SiteViews {
  /** The site's view, opened at the first call. @throws AppError "site_not_found" */
  of(siteId: string): Promise<SiteView>;
  /** Forgets a site that is gone. */
  drop(siteId: string): void;
}

/** Makes the registry of views. @param signIn how the hosts reach the control plane; left out, nobody can be signed in */
export function createSiteViews(store: Store, signIn?: SignInWays): SiteViews {
  const views = new Map<string, Promise<SiteView>>();
  return {
    of(siteId) {
      const known = views.get(siteId);
      if (known) return known;
      const opening = openSiteView(store, siteId, signIn);
      views.set(siteId, opening);
      // A view that failed to open is tried anew by the next call; this caller sees the error itself.
      opening.catch(() => views.delete(siteId));
      return opening;
    },
    drop: (siteId) => void views.delete(siteId),
  };
}
