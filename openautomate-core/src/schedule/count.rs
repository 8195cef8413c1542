//! Counting due times without walking them, so that a long down time costs little.
//!
//! Between two changes of the clocks, wall-clock time and UTC run side by side, and the due times there can
//! be counted by whole days.

use chrono::{DateTime, TimeDelta, Utc};

use super::next_fire::{DstOverlap, FireTimes, LONGEST_GAP, latest, wall_clock};

/// Clocks are compared this often; no zone has changed its clocks twice within such a time since 1970.
const STEP_SECONDS: i64 = 86_400 / 2;
const MARGIN_SECONDS: i64 = 2 * 86_400;

/// A stretch of time in which the zone keeps one offset, in Unix time and without the end.
struct Span {
    start: i64,
    end: i64,
    offset: i64,
}

impl FireTimes {
    /// How many due times are after `after` and not after `until`.
    ///
    /// The work grows with the days in between, not with the due times: 400 days of an every-second
    /// schedule take well under a millisecond in an optimised build.
    #[must_use]
    pub fn count_between(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> u64 {
        // Due times are whole seconds, so both bounds become the first second behind them.
        let from = clamp(after).timestamp() + 1;
        let to = clamp(until).timestamp() + 1;
        if from >= to {
            return 0;
        }
        let spans = self.spans(from - MARGIN_SECONDS, to + MARGIN_SECONDS);
        let offset = |span: Option<&Span>| span.map(|span| span.offset);
        spans
            .iter()
            .enumerate()
            .filter(|(_, span)| span.start < to && span.end > from)
            .map(|(index, span)| {
                let before = index.checked_sub(1).and_then(|index| offset(spans.get(index)));
                self.count_in_span(span, before, offset(spans.get(index + 1)), from, to)
            })
            .sum()
    }

    /// The newest `n` due times that are after `after` and not after `until`, oldest first.
    #[must_use]
    pub fn newest_between(&self, after: DateTime<Utc>, until: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
        let wanted = n as u64;
        let (after, until) = (clamp(after), clamp(until));
        let enough = |seconds: i64| {
            let from = until - TimeDelta::seconds(seconds);
            from <= after || self.count_between(from, until) >= wanted
        };
        if wanted == 0 || after >= until {
            return Vec::new();
        }
        let mut long = 60;
        while !enough(long) {
            long *= 2;
        }
        // The shortest way back that holds `n` due times holds exactly `n`: each has a second of its own.
        let mut short = long / 2;
        while long - short > 1 {
            let middle = short + (long - short) / 2;
            if enough(middle) {
                long = middle;
            } else {
                short = middle;
            }
        }
        let from = after.max(until - TimeDelta::seconds(long));
        self.iter_after(from).take(n).take_while(|due| *due <= until).collect()
    }

    fn spans(&self, from: i64, to: i64) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut start = from;
        let mut low = from;
        while low < to {
            let high = low + STEP_SECONDS;
            let offset = self.offset_at(low);
            if self.offset_at(high) != offset {
                let change = self.change_between(low, high);
                spans.push(Span { start, end: change, offset: i64::from(offset) });
                start = change;
            }
            low = high;
        }
        spans.push(Span { start, end: low, offset: i64::from(self.offset_at(low)) });
        spans
    }

    /// The due times of one span that are in `from..to`, by the offsets that come before and after it.
    fn count_in_span(&self, span: &Span, before: Option<i64>, next: Option<i64>, from: i64, to: i64) -> u64 {
        let before = before.unwrap_or(span.offset);
        let next = next.unwrap_or(span.offset);
        let (mut low, mut high) = (span.start.max(from), span.end.min(to));
        match self.rule() {
            // The wall clock shows again what it showed at the end of the span before.
            DstOverlap::First => low = low.max(span.start + (before - span.offset).max(0)),
            // What the wall clock shows at the end of this span comes again in the next.
            DstOverlap::Second => high = high.min(span.end - (span.offset - next).max(0)),
            DstOverlap::Both => {}
        }
        let count = |low: i64, high: i64, offset: i64| {
            let (from, to) = (wall_clock(low + offset), wall_clock(high + offset));
            self.expression.count_local(from, to, |date| self.is_due_on(date))
        };
        let due = if low < high { count(low, high, span.offset) } else { 0 };
        let gap = span.offset - before;
        let falls_together = self.runs_after_gaps()
            && (1..=LONGEST_GAP.num_seconds()).contains(&gap)
            && (from..to).contains(&span.start)
            && count(span.start, span.start + gap, before) > 0
            && count(span.start, span.start + 1, span.offset) == 0;
        due + u64::from(falls_together)
    }
}

/// Nothing is due outside of these bounds, and within them no arithmetic overflows.
fn clamp(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.clamp(DateTime::UNIX_EPOCH - TimeDelta::days(2), latest())
}
