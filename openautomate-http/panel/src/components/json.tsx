import { CopyButton } from './ui/copy-button';

/** A value of the automation's as JSON. */
export function Json({ value, empty }: { value: unknown; empty: string }) {
  const isEmpty = value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
  if (isEmpty) return <p className="text-soft">{empty}</p>;
  const text = JSON.stringify(value, null, 2);
  return (
    <div className="relative">
      <pre tabIndex={0} className="max-h-[30rem] overflow-auto pr-10 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
        {text}
      </pre>
      <div className="absolute -top-1.5 right-0">
        <CopyButton text={text} />
      </div>
    </div>
  );
}
