import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';

/** A moment for people, to the minute in UTC; empty where there is none. */
export function timeText(moment: Timestamp | undefined): string {
  return moment ? timestampDate(moment).toISOString().slice(0, 16).replace('T', ' ') : '';
}
