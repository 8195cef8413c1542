'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, LoaderCircle } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { Dialog, FormActions } from '@/components/ui/dialog';
import { Field, Input, Select } from '@/components/ui/field';
import { api, got } from '@/lib/api';
import { useAgents, useEnvironmentsFor, useHome } from '@/lib/lists';
import { Link } from '@/lib/nav';
import { keys, reason } from '@/lib/query';
import '@/messages/enrol';

/** How often it is looked whether the agent is there, in milliseconds; the live connection is faster. */
const LOOK = 3_000;

type System = 'linux' | 'windows';

/** Adds an agent: makes a token, shows the commands for its machine, and waits until it is there. */
export function EnrolDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('enrol');
  const environments = useEnvironmentsFor('EnrolAgents');
  const [picked, setPicked] = useState('');
  const [labels, setLabels] = useState('');
  const environment = useHome(picked, 'EnrolAgents');
  const make = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/agents/enrolment-tokens', {
          body: { environmentId: environment, labels: labels.split(',').map((one) => one.trim()).filter(Boolean) },
        }),
      ),
  });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} wide title={t('title')} description={make.data ? undefined : t('what')}>
      {make.data ? (
        <Commands token={make.data.token} onClose={onClose} />
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <Field label={t('environment')} hint={t('environmentHint')}>
            {(props) => (
              <Select {...props} value={environment} onChange={(event) => setPicked(event.target.value)}>
                {environments?.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={t('labels')} hint={t('labelsHint')}>
            {(props) => <Input {...props} value={labels} onChange={(event) => setLabels(event.target.value)} />}
          </Field>
          {make.error && (
            <p role="alert" className="text-bad">
              {reason(make.error)}
            </p>
          )}
          <FormActions>
            <Button onClick={onClose}>{t('back')}</Button>
            <Button type="submit" kind="primary" busy={make.isPending}>
              {t('makeToken')}
            </Button>
          </FormActions>
        </form>
      )}
    </Dialog>
  );
}

function commands(system: System, token: string): string {
  const server = window.location.origin;
  return system === 'linux'
    ? `export OPENAUTOMATE_ENROLMENT_TOKEN=${token}\nopenautomate-agent enrol --server ${server}\nopenautomate-agent run`
    : `$env:OPENAUTOMATE_ENROLMENT_TOKEN = "${token}"\nopenautomate-agent.exe enrol --server ${server}\nopenautomate-agent.exe run`;
}

function Commands({ token, onClose }: { token: string; onClose: () => void }) {
  const t = useTranslations('enrol');
  const client = useQueryClient();
  const { data: agents } = useAgents();
  const [before] = useState(() => new Set(agents?.map((agent) => agent.id)));
  const [system, setSystem] = useState<System>('linux');
  const added = agents?.find((agent) => !before.has(agent.id) && agent.connected);
  useEffect(() => {
    if (added) return;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: keys.agents }), LOOK);
    return () => clearInterval(timer);
  }, [added, client]);
  const text = commands(system, token);
  return (
    <div className="grid gap-4">
      <div role="group" aria-label={t('system')} className="flex gap-1.5">
        {(['linux', 'windows'] as const).map((one) => (
          <Button key={one} size="sm" kind={one === system ? 'primary' : 'plain'} aria-pressed={one === system} onClick={() => setSystem(one)}>
            {one === 'linux' ? 'Linux' : 'Windows (PowerShell)'}
          </Button>
        ))}
      </div>
      <div className="grid gap-1.5">
        <div className="flex items-center justify-between gap-2">
          <p className="font-medium">{t('paste')}</p>
          <CopyButton text={text} label={t('copy')} />
        </div>
        <pre tabIndex={0} className="overflow-x-auto rounded-md border border-border bg-background p-3 font-mono text-xs leading-5" data-testid="enrol-commands">
          {text}
        </pre>
        <p className="text-xs text-soft">{t('once')}</p>
      </div>
      <div role="status" className="flex items-center gap-2.5 rounded-lg border border-border bg-muted/60 px-4 py-3">
        {added ? (
          <>
            <CircleCheck className="size-5 shrink-0 text-good" aria-hidden />
            <p>
              {t('there')}{' '}
              <Link href={`/agents/${added.id}`} className="font-medium text-accent hover:underline">
                {added.name}
              </Link>
            </p>
          </>
        ) : (
          <>
            <LoaderCircle className="size-5 shrink-0 text-soft motion-safe:animate-spin" aria-hidden />
            <p className="text-soft">{t('waiting')}</p>
          </>
        )}
      </div>
      <FormActions>
        <Button kind={added ? 'primary' : 'plain'} onClick={onClose}>
          {added ? t('done') : t('close')}
        </Button>
      </FormActions>
    </div>
  );
}
