/** Hears one line for each step of a long build, meant for a person who waits. */
export type OnProgress = (line: string) => void;

/** How one root is made. */
export type Recipe = {
  /** Whatever besides the files in {@link Recipe.tree} decides the result: a change makes a new root. */
  fingerprint(): Promise<string>;
  /** Folder whose files are laid over the root, with their modes; none by default. */
  readonly tree?: string;
  /** Makes the root in the empty directory `root`, before `tree` is laid over it. @throws Error */
  build(root: string, onProgress: OnProgress): Promise<void>;
  /** Last steps, after `tree` is laid over the root. @throws Error */
  finish(root: string, onProgress: OnProgress): Promise<void>;
};
