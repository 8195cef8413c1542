import { useTranslations } from 'use-intl';
import type { EnvironmentRoles } from '@/api/types';
import { useEnvironments } from '@/lib/lists';
import '@/messages/roles';
import '@/messages/users';
import { isIn, withRole, type ShownRole } from './role-list';

interface RolesByEnvironmentProps {
  roles: ShownRole[];
  chosen: EnvironmentRoles[];
  onChange: (chosen: EnvironmentRoles[]) => void;
}

/** Roles that hold in one environment each: a line for a role, a column for an environment. */
export function RolesByEnvironment({ roles, chosen, onChange }: RolesByEnvironmentProps) {
  const t = useTranslations('roles');
  const names = useTranslations('users');
  const { data: environments } = useEnvironments();
  if (!environments?.length) return null;
  return (
    <section className="grid gap-2">
      <h3 className="text-[0.8125rem] font-medium">{t('byEnvironment')}</h3>
      <p className="text-xs text-soft">{t('byEnvironmentText')}</p>
      <div className="overflow-x-auto rounded-lg border border-border" role="region" aria-label={t('byEnvironment')} tabIndex={0}>
        <table className="w-full text-left" aria-label={t('byEnvironment')}>
          <thead>
            <tr className="border-b border-border text-xs text-soft">
              <th scope="col" className="h-9 px-3 font-medium">
                {t('role')}
              </th>
              {environments.map(({ id, name }) => (
                <th key={id} scope="col" className="px-2 text-center font-medium">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {roles.map((role) => {
              const called = role.builtIn ? names(`names.${role.builtIn}`) : role.name;
              return (
                <tr key={role.id} className="border-b border-border last:border-0">
                  <th scope="row" className="px-3 py-2 font-normal break-words">
                    {called}
                  </th>
                  {environments.map((environment) => (
                    <td key={environment.id} className="px-2 text-center">
                      <input
                        type="checkbox"
                        aria-label={t('roleIn', { role: called, environment: environment.name })}
                        className="size-4 align-middle accent-(--accent)"
                        checked={isIn(chosen, environment.id, role)}
                        onChange={(event) => onChange(withRole(chosen, environment.id, role, event.target.checked))}
                      />
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
