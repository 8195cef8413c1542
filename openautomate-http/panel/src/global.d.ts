import type { Messages as All } from '@/messages/all';

declare module 'use-intl' {
  interface AppConfig {
    Messages: All;
  }
}
