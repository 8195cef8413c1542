import { describe, expect, it } from 'vitest';
import type { CustomRole } from '@/api/types';
import { isIn, rolesIn, withRole, type ShownRole } from './role-list';

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

describe('roles by environment', () => {
  const operator: ShownRole = { id: 'Operator', name: 'Operator', permissions: [], builtIn: 'Operator' };
  const night: ShownRole = { id: 'night', name: 'Night shift', permissions: [] };

  it('are given and taken one by one, and an environment without any is left out', () => {
    const one = withRole([], 'testing', operator, true);
    expect(one).toEqual([{ environmentId: 'testing', roles: ['Operator'], customRoles: [] }]);
    const two = withRole(one, 'testing', night, true);
    expect(isIn(two, 'testing', night)).toBe(true);
    expect(isIn(two, 'production', night)).toBe(false);
    expect(withRole(two, 'testing', night, true)).toEqual(two);
    expect(withRole(withRole(two, 'testing', operator, false), 'testing', night, false)).toEqual([]);
  });

  it('leave those of other environments alone', () => {
    const both = withRole([{ environmentId: 'production', roles: ['Viewer'] }], 'testing', operator, true);
    expect(isIn(both, 'production', { ...operator, builtIn: 'Viewer' })).toBe(true);
    expect(withRole(both, 'testing', operator, false)).toEqual([{ environmentId: 'production', roles: ['Viewer'] }]);
  });
});
