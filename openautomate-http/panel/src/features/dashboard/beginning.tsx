'use client';

import { Bot, Package as PackageIcon, Play } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Link } from '@/lib/nav';
import '@/messages/dashboard';

/** What to do on the first day. */
export function Beginning({ hasAgent }: { hasAgent: boolean }) {
  const t = useTranslations('dashboard.beginning');
  const steps = [
    { icon: Bot, name: t('agent'), text: t('agentText'), href: '/agents', done: hasAgent },
    { icon: PackageIcon, name: t('package'), text: t('packageText'), href: '/packages', done: false },
    { icon: Play, name: t('run'), text: t('runText'), href: '/executions', done: false },
  ];
  return (
    <section className="rounded-lg border border-accent/30 bg-accent-soft p-5">
      <h2 className="text-base font-semibold">{t('title')}</h2>
      <ol className="mt-4 grid gap-4 sm:grid-cols-3">
        {steps.map(({ icon: Icon, name, text, href, done }, index) => (
          <li key={href} className="flex flex-col items-start gap-2">
            <p className="flex items-center gap-2 font-medium">
              <Icon className="size-4 text-accent" aria-hidden />
              {index + 1}. {name}
            </p>
            <p className="flex-1">{text}</p>
            <Button asChild size="sm">
              <Link href={href}>{done ? t('done') : t('go')}</Link>
            </Button>
          </li>
        ))}
      </ol>
    </section>
  );
}
