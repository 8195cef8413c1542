import { cn } from '@/lib/cn';

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('animate-pulse rounded-md bg-muted', className)} />;
}

/** Some lines of a list that is not there yet. */
export function SkeletonRows({ count = 5 }: { count?: number }) {
  return (
    <div className="grid gap-3 p-4" aria-hidden>
      {Array.from({ length: count }, (_, index) => (
        <Skeleton key={index} className="h-5" />
      ))}
    </div>
  );
}
