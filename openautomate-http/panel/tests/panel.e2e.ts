import { afterAll, beforeAll, describe } from 'vitest';
import { agents, twins } from './walk/agents';
import { audit, checkpoints } from './walk/audit';
import { beginning } from './walk/beginning';
import { budget } from './walk/budget';
import { apiKeys, authenticators } from './walk/credentials';
import { environments } from './walk/environments';
import { comparing, finding } from './walk/finding';
import { files, secrets } from './walk/keeping';
import { grants } from './walk/grants';
import { line } from './walk/line';
import { promoting, versions } from './walk/packages';
import { guests, roles } from './walk/people';
import { queues } from './walk/queues';
import { releases } from './walk/releases';
import { cancelling, running } from './walk/running';
import { firing, planning } from './walk/schedules';
import { screens, strangers } from './walk/screens';
import { Walk } from './walk/walk';

/** The walk of somebody new through the whole panel, and then each screen as it looks. */

const walk = new Walk();

beforeAll(() => walk.begin());
afterAll(() => walk.end());

describe.sequential('the walk', () => {
  const stories = [
    ...[beginning, running, firing, cancelling, promoting, finding, versions, planning, queues, environments],
    ...[files, comparing, agents, secrets, releases, guests, apiKeys, roles, grants, authenticators, twins, audit, line, checkpoints],
  ];
  for (const story of stories) story(walk);
});

describe.sequential('the screens of strangers', () => strangers(walk));
describe.sequential('the screens', () => screens(walk));
describe.sequential('what a screen loads', () => budget(walk));
