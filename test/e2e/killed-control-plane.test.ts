import { describe } from 'vitest';
import { killsAtEveryStep } from './support/kills.ts';

describe('the control plane is killed', () => killsAtEveryStep((lab) => lab.controlPlane));
