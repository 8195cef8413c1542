'use client';

import { QueryClientProvider } from '@tanstack/react-query';
import { ThemeProvider } from 'next-themes';
import { NuqsAdapter } from 'nuqs/adapters/next/app';
import { Suspense, useState, type ReactNode } from 'react';
import { IntlProvider } from 'use-intl';
import { Notices } from '@/components/notices';
import { Gate } from '@/components/shell/gate';
import { makeQueryClient } from '@/lib/query';
import { messages } from '@/messages/all';

/** What every screen stands on. */
export function Providers({ children }: { children: ReactNode }) {
  const [client] = useState(makeQueryClient);
  return (
    <ThemeProvider attribute="class" disableTransitionOnChange>
      <IntlProvider locale="en" timeZone="UTC" messages={messages}>
        <QueryClientProvider client={client}>
          <Suspense>
            <NuqsAdapter>
              <Gate>{children}</Gate>
            </NuqsAdapter>
          </Suspense>
          <Notices />
        </QueryClientProvider>
      </IntlProvider>
    </ThemeProvider>
  );
}
