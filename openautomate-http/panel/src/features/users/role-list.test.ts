import { describe, expect, it } from 'vitest';
import type { CustomRole } from '@/api/types';
import { rolesIn } from './role-list';

const custom = (name: string): CustomRole => ({ id: `id of ${name}`, name, description: '', permissions: ['ReadQueues'], createdAt: '', updatedAt: '', revision: 0 });

describe('the list of roles', () => {
  it('has the built-in ones first, in their order, and the others by name', () => {
    const list = rolesIn({
      builtIn: [
        { role: 'Operator', permissions: ['RunExecutions'] },
        { role: 'Developer', permissions: [] },
      ],
      items: [custom('Night shift'), custom('auditors')],
    });
    expect(list.map(({ name }) => name)).toEqual(['Operator', 'Developer', 'auditors', 'Night shift']);
    expect(list.map(({ builtIn }) => builtIn)).toEqual(['Operator', 'Developer', undefined, undefined]);
  });
});
