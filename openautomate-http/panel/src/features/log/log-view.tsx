'use client';

import { AnsiUp } from 'ansi_up';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ChevronsDown, CircleAlert, Download, Search, WrapText } from 'lucide-react';
import { memo, useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import { useTranslations } from 'use-intl';
import type { LogLevel, LogLine } from '@/api/types';
import { Button } from '@/components/ui/button';
import { Input, Select } from '@/components/ui/field';
import { Skeleton } from '@/components/ui/skeleton';
import { save } from '@/lib/api';
import { cn } from '@/lib/cn';
import { live } from '@/lib/live';
import { exact } from '@/lib/time';
import '@/messages/log';
import { LogBuffer, MOST_LINES, found } from './buffer';
import './log.css';

const LINE = 20;
const LEVELS: LogLevel[] = ['debug', 'info', 'warning', 'error'];

const tones: Record<LogLevel, string> = {
  debug: 'text-soft',
  info: 'text-info',
  warning: 'text-warn',
  error: 'text-bad',
  critical: 'text-bad font-semibold',
};

/** The log of an execution, live while it runs. */
export function LogView({ executionId, name }: { executionId: string; name: string }) {
  const t = useTranslations('log');
  const [buffer] = useState(() => new LogBuffer());
  const view = useSyncExternalStore(buffer.subscribe, buffer.read, buffer.read);
  const [level, setLevel] = useState<LogLevel>('debug');
  const [text, setText] = useState('');
  const [hit, setHit] = useState(0);
  const [wrap, setWrap] = useState(false);
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLDivElement>(null);

  useEffect(
    () =>
      live.follow(executionId, undefined, {
        lines: (lines) => buffer.add(lines),
        complete: () => buffer.end(),
        refused: (detail) => buffer.refuse(detail),
      }),
    [buffer, executionId],
  );

  const virtual = useVirtualizer({
    count: view.shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 20,
  });
  const hits = useMemo(() => found(view, text), [view, text]);
  const current = hits[Math.min(hit, hits.length - 1)];

  useEffect(() => {
    if (following && view.shown.length > 0) virtual.scrollToIndex(view.shown.length - 1, { align: 'end' });
  }, [following, view, virtual]);

  const look = (place: number | undefined) => {
    if (place === undefined || place < 0) return;
    setFollowing(false);
    virtual.scrollToIndex(place, { align: 'center' });
  };
  const step = (by: number) => {
    if (hits.length === 0) return;
    const next = (hit + by + hits.length) % hits.length;
    setHit(next);
    look(hits[next]);
  };
  const searchKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  };
  const error = view.firstError;
  const manyAttempts = view.lines[0]?.attempt !== view.lines.at(-1)?.attempt;

  return (
    <section aria-label={t('title')} className="min-w-0 rounded-lg border border-border bg-surface shadow-card">
      <div className="flex flex-wrap items-center gap-1.5 border-b border-border p-2">
        <div className="relative min-w-0 flex-1 basis-48">
          <Search className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-soft" aria-hidden />
          <Input
            data-search
            type="search"
            aria-label={t('search')}
            placeholder={t('search')}
            className="pl-8"
            value={text}
            onKeyDown={searchKey}
            onChange={(event) => {
              setText(event.target.value);
              setHit(0);
            }}
          />
        </div>
        {text && (
          <span className="flex items-center">
            <span role="status" className="px-1 text-xs text-soft tabular-nums">
              {hits.length === 0 ? t('noHits') : t('hits', { at: Math.min(hit, hits.length - 1) + 1, count: hits.length })}
            </span>
            <Button kind="ghost" size="iconSm" aria-label={t('previous')} onClick={() => step(-1)}>
              <ArrowUp aria-hidden />
            </Button>
            <Button kind="ghost" size="iconSm" aria-label={t('next')} onClick={() => step(1)}>
              <ArrowDown aria-hidden />
            </Button>
          </span>
        )}
        <Select
          aria-label={t('level')}
          className="w-auto"
          value={level}
          onChange={(event) => {
            const wanted = event.target.value as LogLevel;
            setLevel(wanted);
            buffer.setLevel(wanted);
          }}
        >
          {LEVELS.map((one) => (
            <option key={one} value={one}>
              {t(`levels.${one as 'debug' | 'info' | 'warning' | 'error'}`)}
            </option>
          ))}
        </Select>
        {error >= 0 && (
          <Button onClick={() => look(error)}>
            <CircleAlert className="text-bad" aria-hidden /> {t('toError')}
          </Button>
        )}
        <Button kind="ghost" size="icon" aria-label={t('wrap')} title={t('wrap')} aria-pressed={wrap} className={wrap ? 'bg-accent-soft text-accent' : ''} onClick={() => setWrap(!wrap)}>
          <WrapText aria-hidden />
        </Button>
        <Button kind="ghost" size="icon" aria-label={t('follow')} title={t('follow')} aria-pressed={following} className={following ? 'bg-accent-soft text-accent' : ''} onClick={() => setFollowing(!following)}>
          <ChevronsDown aria-hidden />
        </Button>
        <Button kind="ghost" size="icon" aria-label={t('download')} title={t('download')} disabled={view.lines.length === 0} onClick={() => save(new Blob([buffer.text()], { type: 'text/plain' }), `${name}.log`)}>
          <Download aria-hidden />
        </Button>
      </div>
      <div
        ref={box}
        role="log"
        aria-label={t('title')}
        aria-live="off"
        tabIndex={0}
        className="log h-[max(18rem,calc(100dvh-27.5rem))] overflow-auto py-1 font-mono text-xs outline-offset-[-2px]"
        onWheel={(event) => event.deltaY < 0 && setFollowing(false)}
        onKeyDown={(event) => ['ArrowUp', 'PageUp', 'Home'].includes(event.key) && setFollowing(false)}
        onTouchMove={() => setFollowing(false)}
      >
        {view.refused ? (
          <p role="alert" className="px-4 py-3 text-bad">
            {view.refused}
          </p>
        ) : view.shown.length === 0 ? (
          view.complete || view.lines.length > 0 ? (
            <p className="px-4 py-3 text-soft">{view.lines.length > 0 ? t('noneOfLevel') : t('empty')}</p>
          ) : (
            <div className="grid gap-2 px-4 py-3">
              <p className="text-soft">{t('waiting')}</p>
              <Skeleton className="h-4 w-1/2" />
            </div>
          )
        ) : (
          <div className={cn('relative', wrap ? 'w-full' : 'w-max min-w-full')} style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = view.lines[view.shown[item.index] ?? -1];
              return (
                line && (
                  <div
                    key={item.key}
                    data-index={item.index}
                    ref={virtual.measureElement}
                    className={cn(
                      'absolute inset-x-0 flex gap-3 px-3 leading-5 hover:bg-muted/70',
                      item.index === current && 'bg-warn-soft',
                      (line.level === 'error' || line.level === 'critical') && item.index !== current && 'bg-bad-soft/60',
                    )}
                    style={{ transform: `translateY(${item.start}px)`, minWidth: '100%' }}
                  >
                    <Line line={line} wrap={wrap} attempt={manyAttempts} />
                  </div>
                )
              );
            })}
          </div>
        )}
      </div>
      <p className="flex items-center justify-between border-t border-border px-3 py-1.5 text-xs text-soft">
        <span>
          {t('count', { count: view.lines.length + view.dropped })}
          {view.dropped > 0 && ` · ${t('dropped', { count: MOST_LINES })}`}
        </span>
        <span role="status">{view.complete ? t('complete') : t('live')}</span>
      </p>
    </section>
  );
}

/** What stands in a line; not drawn anew when it is scrolled. */
const Line = memo(function Line({ line, wrap, attempt }: { line: LogLine; wrap: boolean; attempt: boolean }) {
  const html = useMemo(() => colours(line.text), [line.text]);
  const time = clock(line.time);
  return (
    <>
      <span className="shrink-0 text-soft tabular-nums select-none" title={exact(line.time)}>
        {attempt && `${line.attempt} · `}
        {time}
      </span>
      <span className={cn('hidden w-16 shrink-0 uppercase select-none sm:inline', tones[line.level])}>{line.level}</span>
      <span
        className={wrap ? 'min-w-0 break-words whitespace-pre-wrap' : 'whitespace-pre'}
        title={line.source ?? undefined}
        // What the automation printed, escaped; only colours become elements.
        dangerouslySetInnerHTML={{ __html: html }}
      />
    </>
  );
});

/** The time of day to the millisecond, in the zone of the machine. */
function clock(time: string): string {
  const at = new Date(time);
  const two = (count: number) => String(count).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** The text with its ANSI colours as classes, and everything else escaped. */
function colours(text: string): string {
  const ansi = new AnsiUp();
  ansi.use_classes = true;
  ansi.url_allowlist = {};
  return ansi.ansi_to_html(text.length > 20_000 ? `${text.slice(0, 20_000)} …` : text);
}
