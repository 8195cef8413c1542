import { useTranslations } from 'use-intl';
import { cn } from '@/lib/cn';
import type { Line } from '@/lib/difference';
import '@/messages/compare';

/** Hashes and the like, which nobody reads as words. */
const isCode = (text: string) => /^[\w+/=-]{32,}$/.test(text);

const valueLook = (text: string) => cn('px-2.5 py-2 sm:px-4', isCode(text) ? 'font-mono text-xs break-all' : 'break-words');

interface DifferenceProps {
  label: string;
  first: string;
  second: string;
  lines: Line[];
}

/** Fields of two things in two columns; what differs stands out. */
export function Difference({ label, first, second, lines }: DifferenceProps) {
  const t = useTranslations('compare');
  // Where everything differs, colour would tell nothing.
  const isMixed = lines.some((line) => !line.differs);
  return (
    <div className="min-w-0 overflow-x-auto" role="region" aria-label={label} tabIndex={0}>
      <table className="w-full table-fixed border-collapse text-left" aria-label={label}>
        <thead>
          <tr className="border-b border-border text-xs text-soft">
            <th scope="col" className="h-9 w-[32%] px-2.5 sm:w-1/4 font-medium sm:px-4">
              {t('what')}
            </th>
            <th scope="col" className="px-2.5 font-medium sm:px-4">
              {first}
            </th>
            <th scope="col" className="px-2.5 font-medium sm:px-4">
              {second}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.path} className={cn('border-b border-border align-top last:border-0', line.differs && isMixed && 'bg-warn-soft')}>
              <th scope="row" className="px-2.5 py-2 font-medium break-words sm:px-4">
                {line.path}
                {line.differs && <span className="sr-only"> ({t('differs')})</span>}
              </th>
              <td className={valueLook(line.first)}>{line.first}</td>
              <td className={valueLook(line.second)}>{line.second}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
