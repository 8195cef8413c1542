import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useTranslations } from 'use-intl';
import { Button } from '@/components/ui/button';
import { Menu, MenuItem } from '@/components/ui/menu';
import { download } from '@/lib/api';
import { reason } from '@/lib/query';
import { toast } from '@/lib/toast';
import '@/messages/audit';

const FORMATS = ['jsonl', 'csv'] as const;

/** Saves the entries of a time as a file; the other filters do not hold for it, since an export is evidence. */
export function ExportMenu({ from, to }: { from: string | undefined; to: string | undefined }) {
  const t = useTranslations('audit');
  const run = useMutation({
    mutationFn: (format: (typeof FORMATS)[number]) => {
      const query = new URLSearchParams({ format, ...(from ? { from } : {}), ...(to ? { to } : {}) });
      return download(`/api/audit/export?${query}`, `audit.${format}`);
    },
    onError: (error) => toast.error(reason(error)),
  });
  return (
    <Menu
      trigger={
        <Button busy={run.isPending}>
          <Download aria-hidden /> {t('export')}
        </Button>
      }
    >
      {FORMATS.map((format) => (
        <MenuItem key={format} onSelect={() => run.mutate(format)}>
          {t(`formats.${format}`)}
        </MenuItem>
      ))}
    </Menu>
  );
}
