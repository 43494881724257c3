import { configureContainer } from './configure-container.ts';
import { createContainer } from './create-container.ts';
import { deleteContainer } from './delete-container.ts';
import { startContainer, stopContainer } from './power-container.ts';
import type { Saga } from './saga.ts';

/** Every kind of operation there is. */
export const sagas: readonly Saga[] = [
  createContainer,
  deleteContainer,
  startContainer,
  stopContainer,
  configureContainer,
];

/** Names and titles of a saga's steps, as they stand in an operation's rows. */
export function stepTitles(saga: Saga): { name: string; title: string }[] {
  return saga.steps.map(({ name, title }) => ({ name, title }));
}
