import { createLogger, type Logger } from '../logger.ts';

/** A logger for tests: only what is broken beyond what the test asks for shows. */
export const quiet: Logger = createLogger('fatal');
