/** The mark of the project. */
export function Logo({ className }: { className: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden>
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path
        d="M10 9.5a1.5 1.5 0 0 1 2.3-1.27l10 6.5a1.5 1.5 0 0 1 0 2.54l-10 6.5A1.5 1.5 0 0 1 10 22.5z"
        className="fill-on-accent"
      />
    </svg>
  );
}
