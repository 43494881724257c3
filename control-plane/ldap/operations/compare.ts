import { leafEntry } from '../directory/plan.ts';
import type { Request } from '../protocol/requests.ts';
import { type Result, ResultCode } from '../protocol/result-codes.ts';
import { attributeType, attributeTypes } from '../schema/attributes.ts';
import { dnKey } from '../schema/dn.ts';
import type { Searched } from './search.ts';

/** Whether an entry has a value (RFC 4511, 4.10). */
export function compare(request: Request & { op: 'compare' }, { view, fixed }: Searched): Result {
  if (!view) return { code: ResultCode.insufficientAccessRights, message: 'bind first' };
  const key = dnKey(request.dn);
  if (key === undefined) return { code: ResultCode.invalidDNSyntax };
  const place = view.directory.names.place(key);
  if (!place) return { code: ResultCode.noSuchObject };
  const entry =
    place.at === 'leaf'
      ? leafEntry(view, place.branch, place.rdn)
      : place.at === 'base'
        ? fixed.base
        : fixed.branches[place.branch];
  if (!entry) return { code: ResultCode.noSuchObject };
  const type = attributeType(request.attribute);
  if (!type) return { code: ResultCode.undefinedAttributeType };
  // A password is proved by binding, where guessing is counted.
  if (type === attributeTypes.userPassword) return { code: ResultCode.insufficientAccessRights };
  const value = type.syntax.key(request.value.toString());
  if (entry.values(type).length === 0) return { code: ResultCode.noSuchAttribute };
  const holds = value !== undefined && entry.has(type, value);
  return { code: holds ? ResultCode.compareTrue : ResultCode.compareFalse };
}
