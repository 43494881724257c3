import { type Clause, clauseOf, matches } from '../directory/clause.ts';
import type { Entry } from '../directory/entry.ts';
import type { Place } from '../directory/names.ts';
import { candidates, leafEntry } from '../directory/plan.ts';
import type { StaticEntries } from '../directory/static-entries.ts';
import type { View } from '../directory/view.ts';
import type { SearchRequest } from '../protocol/requests.ts';
import { type Result, ResultCode, SUCCESS } from '../protocol/result-codes.ts';
import { dnKey } from '../schema/dn.ts';
import { type Selection, selectionOf } from '../schema/selection.ts';

/** What is searched. */
export interface Searched {
  /** Nothing for those who have not said who they are. */
  view: View | undefined;
  fixed: StaticEntries;
}

/** Whether to go on for now; a search is made in pieces, so that nobody else waits for it. */
export type Patience = () => boolean;

/** How a piece of a search ended: with this result, because the page is full, or for now. */
export type PieceEnd = Result | 'page' | 'later';

/** A search under way: entries still to be held against the filter. */
export class SearchRun {
  readonly #clause: Clause;
  readonly #selection: Selection;
  readonly #typesOnly: boolean;
  readonly #entries: Iterator<Entry>;
  /** Entries that may still be given. */
  #left: number;
  #next: Entry | undefined;
  /** What is seen now, when that may be something else than when the search began. */
  #view: View | undefined;

  constructor(entries: Iterable<Entry>, clause: Clause, request: SearchRequest) {
    this.#entries = entries[Symbol.iterator]();
    this.#clause = clause;
    this.#selection = selectionOf(request.attributes);
    this.#typesOnly = request.typesOnly;
    this.#left = request.sizeLimit === 0 ? Number.POSITIVE_INFINITY : request.sizeLimit;
  }

  /** Gives matching entries, encoded, to `take`, at most `most` of them. */
  piece(most: number, patience: Patience, take: (answer: Buffer, entry: Entry) => void): PieceEnd {
    for (let given = 0; ; ) {
      const match = this.#match(patience);
      if (match === undefined || match === 'later') return match ?? SUCCESS;
      if (given === most) {
        this.#next = match;
        return 'page';
      }
      if (this.#left === 0) return { code: ResultCode.sizeLimitExceeded };
      this.#left -= 1;
      given += 1;
      take(match.encoded(this.#selection, this.#typesOnly), match);
    }
  }

  /** Between two pages: the remaining entries are given as they are seen from now on. */
  renew(view: View): void {
    this.#view = view;
  }

  #match(patience: Patience): Entry | undefined | 'later' {
    while (patience()) {
      const entry = this.#next ?? this.#entries.next().value;
      this.#next = undefined;
      if (!entry) return undefined;
      const now = this.#view ? asSeenNow(this.#view, entry) : entry;
      if (now && matches(this.#clause, now)) return now;
    }
    return 'later';
  }
}

function asSeenNow(view: View, entry: Entry): Entry | undefined {
  const place = view.directory.names.place(dnKey(entry.dn) ?? '');
  return place?.at === 'leaf' ? leafEntry(view, place.branch, place.rdn) : entry;
}

/** Begins a search. @returns what refuses it, or the search */
export function beginSearch(request: SearchRequest, { view, fixed }: Searched): Result | SearchRun {
  const key = dnKey(request.base);
  if (key === undefined) return { code: ResultCode.invalidDNSyntax, message: 'the base is no distinguished name' };
  const clause = clauseOf(request.filter);
  const open = publicEntry(key, request, fixed);
  if (open) return new SearchRun([open], clause, request);
  if (!view) return { code: ResultCode.insufficientAccessRights, message: 'bind first' };
  const place = view.directory.names.place(key);
  if (!place) return { code: ResultCode.noSuchObject };
  if (isMissing(view, place)) {
    return { code: ResultCode.noSuchObject, matchedDn: view.directory.names.branch(place.branch) };
  }
  return new SearchRun(candidates(view, fixed, place, request.scope, clause), clause, request);
}

/** The entries that need no bind: the root of the server and its schema, each by its own name. */
function publicEntry(key: string, { scope }: SearchRequest, fixed: StaticEntries): Entry | undefined {
  if (key === '') return scope === 'base' ? fixed.root : undefined;
  return key === fixed.subschema.dn && scope !== 'one' ? fixed.subschema : undefined;
}

function isMissing(view: View, place: Place): place is Place & { at: 'leaf' } {
  return place.at === 'leaf' && !leafEntry(view, place.branch, place.rdn);
}
