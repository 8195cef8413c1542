import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Permission } from '@/api/types';
import { byTopic, toggled } from './topics';

const document = JSON.parse(readFileSync(join(import.meta.dirname, '../../../../tests/openapi.json'), 'utf8')) as {
  components: { schemas: { Permission: { enum: Permission[] } } };
};

describe('the topics of permissions', () => {
  it('hold each permission of the server once', () => {
    const every = document.components.schemas.Permission.enum;
    expect(byTopic(every).flatMap(([, some]) => some).sort()).toEqual([...every].sort());
  });

  it('go from seeing to managing, and leave out what is empty', () => {
    expect(byTopic(['WriteQueues', 'ReadAudit', 'ReadQueues'])).toEqual([
      ['queues', ['ReadQueues', 'WriteQueues']],
      ['administration', ['ReadAudit']],
    ]);
  });

  it('are chosen as a whole, and then taken back as a whole', () => {
    const some: Permission[] = ['ReadQueues', 'WriteQueues'];
    const all = toggled(['ReadAudit', 'ReadQueues'], some);
    expect(all).toEqual(['ReadAudit', 'ReadQueues', 'WriteQueues']);
    expect(toggled(all, some)).toEqual(['ReadAudit']);
  });
});
